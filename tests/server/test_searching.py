"""/search and /similar say what the library says, in the form of the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

import pytest
from starlette.testclient import TestClient
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.search.asking.hit_json import hit_to_dict
from searchkit.search.question import SearchOptions
from searchkit.server.lanes import results_of
from searchkit.server.parameters import search_parameters


def test_hits_are_those_of_the_library_in_the_form_of_the_command_line(
    client: TestClient, engine: SearchEngine
) -> None:
    answer = client.get("/search", params={"q": "cats that sleep", "k": 3, "mode": "dense"}).json()
    hits = engine.search("cats that sleep", 3, mode="dense")
    assert answer["hits"] == json.loads(json.dumps([hit_to_dict(hit) for hit in hits]))
    assert (answer["query"], answer["mode"], len(answer["hits"])) == ("cats that sleep", "dense", 3)
    assert all(seconds >= 0 for seconds in answer["seconds"].values())


def test_a_body_says_the_same_as_an_address(client: TestClient) -> None:
    said = {"q": "day", "k": 4, "where": "number >= 1", "unlike": ["dogs", "park"], "explain": True}
    pairs = [("q", "day"), ("k", "4"), ("where", "number >= 1"), ("unlike", "dogs"), ("unlike", "park")]
    by_address = client.get("/search", params=[*pairs, ("explain", "true")]).json()
    by_body = client.post("/search", json=said).json()
    assert by_body["hits"] == by_address["hits"] != []
    assert all(hit["explanation"] and hit["metadata"]["number"] >= 1 for hit in by_body["hits"])


def test_a_filter_may_be_an_object_and_null_is_not_given(client: TestClient) -> None:
    hits = client.post("/search", json={"q": "day", "where": {"number": 3}, "path": None}).json()["hits"]
    assert [hit["doc_id"] for hit in hits] == ["clocks"]


def test_every_option_of_the_library_is_a_parameter() -> None:
    assert set(SearchOptions.__annotations__) - set(search_parameters().known) == {"within"}
    assert all(parameter.meaning for parameter in search_parameters())


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("", 400, "q is missing"),
        ("q=", 422, "the query is empty"),
        ("q=a&kk=3", 400, "unknown parameter 'kk'"),
        ("q=a&k=x", 400, "k is 'x'"),
        ("q=a&k=0", 400, "k is 0"),
        ("q=a&k=1001", 400, "1 to 1000"),
        (f"q=a&k={'9' * 5000}", 400, "k is"),
        ("q=a&q=b", 400, "given 2 times"),
        ("q=a&mode=psychic", 400, "hybrid, dense, lexical"),
        ("q=a&explain=perhaps", 400, "true or false"),
        ("q=a&min_score=nan", 400, "min_score"),
        ("q=a&min_score=2", 422, "min_score is 2"),
        ("q=a&where=number+%3E", 422, ""),
        ("q=a&where=colour+%3D+1", 422, "colour"),
        ("q=a&since=someday", 422, "someday"),
        ("q=a&topic=3", 422, "no topics"),
        ("q=a&within=%2Fetc", 400, "unknown parameter 'within'"),
        ("q=a&rerank=%2Fetc%2Fpasswd", 403, "rerank"),
        ("q=%00%ff", 200, ""),
    ],
)
def test_what_cannot_be_answered_is_told(client: TestClient, query: str, status: int, part: str) -> None:
    answer = client.get(f"/search?{query}")
    assert answer.status_code == status
    if status != 200:
        error = answer.json()["error"]
        assert set(error) == {"message", "hint"}
        assert part in error["message"]


def test_an_unknown_name_lists_the_known_ones(client: TestClient) -> None:
    hint = client.get("/search?q=a&limits=3").json()["error"]["hint"]
    assert all(name in hint for name in ("q", "k", "mode", "where", "per_document"))


def test_the_like_of_a_document_is_that_of_the_library(client: TestClient, engine: SearchEngine) -> None:
    answer = client.get("/similar", params={"id": "cats", "k": 2}).json()
    assert [hit["id"] for hit in answer["hits"]] == [hit.chunk_id for hit in engine.similar("cats", 2)]
    chunk = engine.chunks("cats")[0].chunk_id
    assert client.get("/similar", params={"id": str(chunk), "k": 2}).json()["hits"] == answer["hits"]


@pytest.mark.parametrize("name", ["nobody", "0", "9" * 30, "../../etc/passwd"])
def test_the_like_of_nothing_is_not_there(client: TestClient, name: str) -> None:
    assert client.get("/similar", params={"id": name}).status_code == 404


def test_an_option_of_a_search_is_none_of_similar(client: TestClient) -> None:
    assert client.get("/similar?id=cats&mode=dense").status_code == 400


def test_queries_that_wait_are_encoded_in_one_call(
    serve: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread is kept busy by a first query; those that come meanwhile make one batch."""
    sizes: list[int] = []
    first_is_in, go_on = threading.Event(), threading.Event()
    encode = WordEncoder.encode_queries

    def slow(encoder: WordEncoder, texts: list[str]) -> object:
        sizes.append(len(texts))
        if len(sizes) == 1:
            first_is_in.set()
            go_on.wait(30)
        return encode(encoder, texts)

    monkeypatch.setattr(WordEncoder, "encode_queries", slow)
    client = serve(workers=1)
    lane = client.app.state.site.searches  # type: ignore[attr-defined]
    found: dict[str, list[str]] = {}

    def ask(text: str) -> None:
        found[text] = [hit["doc_id"] for hit in client.get("/search", params={"q": text}).json()["hits"]]

    texts = ["cats sleep", "dogs run", "boats sail", "clocks tell"]
    threads = [threading.Thread(target=ask, args=[text]) for text in texts]
    threads[0].start()
    assert first_is_in.wait(30)
    for thread in threads[1:]:
        thread.start()
    while lane.waiting < 3:
        threading.Event().wait(0.01)
    go_on.set()
    for thread in threads:
        thread.join()
    assert sizes == [1, 3]
    assert [found[text][0] for text in texts] == ["cats", "dogs", "boats", "clocks"]


class Panic(BaseException):
    """As a library of Rust raises it."""


def test_a_panic_in_a_library_is_an_answer_and_ends_no_thread(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panicking(*_: object) -> None:
        raise Panic

    with monkeypatch.context() as patch:
        patch.setattr(WordEncoder, "encode_queries", panicking)
        for _ in range(20):  # more than there are threads
            assert client.get("/search?q=cats&mode=dense").status_code == 500
    assert client.get("/search?q=cats").status_code == 200


def test_a_text_among_several_is_no_longer_than_a_query(client: TestClient) -> None:
    longest, longer = "cats " * 4_000, "cats " * 4_001
    assert client.post("/search", json={"q": "a", "unlike": [longest]}).status_code == 200
    answer = client.post("/search", json={"q": "a", "unlike": ["b", longer]})
    assert (answer.status_code, "at most 20,000 characters" in answer.json()["error"]["message"]) == (400, True)
    assert client.post("/search", json={"q": "a", "unlike": ["b"] * 33}).status_code == 400


def test_a_filter_has_so_many_names_and_no_more(client: TestClient) -> None:
    names = [f"number.x{i}" for i in range(101)]
    asked = [client.post("/search", json={"q": "a", "where": dict.fromkeys(some, 1)}) for some in (names[:100], names)]
    assert [answer.status_code for answer in asked] == [200, 400]
    assert "an object of at most 100 names" in asked[1].json()["error"]["message"]


def test_a_topic_may_have_a_long_name(client: TestClient) -> None:
    """32 is how many there may be, not how long one is."""
    answer = client.post("/search", json={"q": "a", "topic": "a label of more than thirty-two characters"})
    assert (answer.status_code, "no topics" in answer.json()["error"]["message"]) == (422, True)


def test_a_query_that_fails_takes_no_other_with_it() -> None:
    def work(items: Sequence[str]) -> list[str]:
        if "bad" in items:
            raise InputError("a bad one")
        return [item.upper() for item in items]

    before, failed, after = results_of(work, ["a", "bad", "b"])
    assert (before, after) == ("A", "B")
    assert isinstance(failed, InputError)
