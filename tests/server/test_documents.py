"""/documents: looking at what is there, adding and removing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from searchkit import SearchEngine
from searchkit.directory import IndexFolder
from searchkit.search.acknowledged import writing

NAMES = ["cats", "dogs", "boats", "clocks"]


def names_of(answer: Any) -> list[str]:
    return [document["doc_id"] for document in answer.json()["documents"]]


def test_documents_are_listed_a_page_at_a_time(client: TestClient) -> None:
    assert names_of(client.get("/documents")) == NAMES
    assert names_of(client.get("/documents?limit=2&offset=1")) == ["dogs", "boats"]
    assert names_of(client.get("/documents", params={"where": "number >= 2"})) == ["boats", "clocks"]
    assert names_of(client.get("/documents?offset=9")) == []


def test_a_document_has_its_chunks(client: TestClient, engine: SearchEngine) -> None:
    (document,) = client.get("/documents/cats").json()["documents"]
    assert (document["doc_id"], document["metadata"], document["total"]) == ("cats", {"number": 0}, 1)
    assert document["chunks"][0]["chunk_id"] == engine.chunks("cats")[0].chunk_id
    assert client.get("/documents/cats?offset=1").json()["documents"][0]["chunks"] == []


@pytest.mark.parametrize("name", ["nobody", "..%2F..%2Fetc%2Fpasswd", "a%00b", "%ff", "%2e%2e"])
def test_one_that_is_not_there(writer: TestClient, name: str) -> None:
    for method in ("GET", "DELETE"):
        assert writer.request(method, f"/documents/{name}").status_code == 404


def test_a_name_may_have_any_sign(writer: TestClient) -> None:
    name = "a folder/with ünicode/and?signs#.md"
    assert writer.post("/documents", json={"documents": [{"id": name, "text": "A long way."}]}).status_code == 200
    path = "/documents/a%20folder/with%20%C3%BCnicode/and%3Fsigns%23.md"
    assert names_of(writer.get(path)) == [name]
    assert writer.delete(path).json() == {"deleted": 1}
    assert writer.get(path).status_code == 404


def test_metadata_may_be_nested_deeply(writer: TestClient) -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"in": deep}
    assert (
        writer.post("/documents", json={"documents": [{"id": "deep", "text": "Owls see.", "at": deep}]}).status_code
        == 200
    )
    assert writer.get("/documents").json()["documents"][-1]["metadata"]["at"] == deep
    assert writer.get("/documents/deep").json()["documents"][0]["metadata"]["at"] == deep
    assert writer.get("/search?q=owls").json()["hits"][0]["metadata"]["at"] == deep


def test_what_is_added_is_found_and_what_is_removed_is_not(writer: TestClient) -> None:
    report = writer.post("/documents", json={"documents": [{"id": "cats", "text": "Whales sing."}, "Owls see."]}).json()
    assert (report["documents"], report["replaced"]) == (2, 1)
    assert writer.get("/search?q=whales").json()["hits"][0]["doc_id"] == "cats"
    assert writer.delete("/documents/cats").json() == {"deleted": 1}
    assert all(hit["doc_id"] != "cats" for hit in writer.get("/search?q=whales").json()["hits"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"documents": []}, 400),
        ({"documents": "text"}, 400),
        ({"documents": [3]}, 400),
        ({"documents": [None]}, 400),
        ({"documents": [{}]}, 422),
        ({"documents": [{"text": 5}]}, 422),
        ({"documents": [{"id": " ", "text": "a"}]}, 422),
        ({"documents": [{"id": {}, "text": "a"}]}, 200),
        ({"documents": ["a"], "mode": "all"}, 400),
    ],
)
def test_what_is_no_document_is_told(writer: TestClient, body: object, status: int) -> None:
    assert writer.post("/documents", json=body).status_code == status


def test_a_change_of_another_process_is_seen(client: TestClient, engine: SearchEngine) -> None:
    assert client.get("/search?q=whales").status_code == 200
    with SearchEngine.open(engine.folder, encoder=engine.encoder) as other:
        other.add([{"id": "whales", "text": "Whales sing in the sea."}])
    assert client.get("/search?q=whales").json()["hits"][0]["doc_id"] == "whales"


def test_while_another_writes_a_change_waits_its_turn(writer: TestClient, engine: SearchEngine) -> None:
    with writing(IndexFolder(engine.folder), wait_s=0):
        answer = writer.post("/documents", json={"documents": ["a text"]})
        assert writer.get("/search?q=cats").status_code == 200
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert writer.post("/documents", json={"documents": ["a text"]}).status_code == 200


def test_an_index_that_goes_away_and_comes_back(client: TestClient, engine: SearchEngine) -> None:
    aside = engine.folder.with_name("aside")
    engine.folder.rename(aside)
    for path in ("/search?q=cats", "/documents", "/status", "/similar?id=cats"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert answer.json()["error"]["message"]
    assert client.get("/health").status_code == 200
    aside.rename(engine.folder)
    assert client.get("/search?q=cats").json()["hits"][0]["doc_id"] == "cats"
