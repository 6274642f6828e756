"""The document of the interface is the one in the repository, and answers have the shapes that it tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from searchkit.server.openapi import KEPT
from searchkit.server.parameters import search_parameters

KINDS = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
    "null": type(None),
}


def test_the_kept_document_is_what_the_server_says(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == json.loads(KEPT.read_text(encoding="utf-8")), (
        "write it anew: python -m searchkit.server.openapi"
    )


def fits(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether a value has the shape: as much of JSON Schema as our document uses."""
    if "$ref" in schema:
        return fits(value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return any(fits(value, one, document) for one in schema["anyOf"])
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return False
    if isinstance(value, list):
        return all(fits(item, schema.get("items", {}), document) for item in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return set(schema.get("required", ())) <= set(value) and all(
            fits(item, properties.get(name, {}), document) for name, item in value.items()
        )
    return True


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("GET", "/search?q=cats&explain=true", None, "/search"),
        ("POST", "/search", {"q": "cats", "context": 1, "group": "document"}, "/search"),
        ("GET", "/similar?id=cats", None, "/similar"),
        ("GET", "/documents", None, "/documents"),
        ("GET", "/documents/cats", None, "/documents/{id}"),
        ("POST", "/documents", {"documents": ["text"]}, "/documents"),
        ("DELETE", "/documents/cats", None, "/documents/{id}"),
        ("POST", "/v1/embeddings", {"input": "cats"}, "/v1/embeddings"),
        ("POST", "/v1/embeddings", {"input": "cats", "encoding_format": "base64"}, "/v1/embeddings"),
        ("GET", "/status", None, "/status"),
        ("GET", "/health", None, "/health"),
    ],
)
def test_answers_have_the_shape_that_is_told(
    writer: TestClient, method: str, path: str, body: object, place: str
) -> None:
    document = writer.get("/openapi.json").json()
    answer = writer.request(method, path, json=body)
    told = document["paths"][place][method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer.status_code == 200
    assert fits(answer.json(), told, document)
    assert not fits({"other": 1}, told, document)


def test_every_status_of_an_error_has_its_shape(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, said in ((f"/search?q=a&k={'x'}", 400), ("/documents/nobody", 404), ("/search?q=a&where=%3E", 422)):
        answer = client.get(path)
        assert answer.status_code == said
        assert fits(answer.json(), document["components"]["schemas"]["Error"], document)


NAMES = st.sampled_from([*search_parameters().known, "other", ""])
WORDS = st.text(max_size=20) | st.sampled_from(["1", "-1", "1e999", "true", "hybrid", "rrf", "7d", "number > 1", "nan"])
ALLOWED = {200, 400, 403, 422}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(NAMES, WORDS), max_size=5), query=WORDS)
def test_no_address_is_an_error_of_the_server(client: TestClient, pairs: list[tuple[str, str]], query: str) -> None:
    answer = client.get("/search", params=[("q", query), *pairs])
    assert answer.status_code in ALLOWED, answer.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.sampled_from(["/search", "/v1/embeddings", "/documents"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=BODIES, body=JSON | st.dictionaries(NAMES | st.sampled_from(["input", "documents"]), JSON, max_size=4))
def test_no_body_is_an_error_of_the_server(writer: TestClient, path: str, body: object) -> None:
    try:
        content = json.dumps(body).encode("utf-8", "surrogatepass")
    except ValueError:
        return
    answer = writer.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in ALLOWED, answer.text


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=20))
def test_no_name_is_an_error_of_the_server(writer: TestClient, name: str) -> None:
    from urllib.parse import quote

    for method in ("GET", "DELETE"):
        answer = writer.request(method, f"/documents/{quote(name, safe='')}")
        assert answer.status_code in {200, 404, 405, 422}, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/search", {"q": "cats", "k": 2.0}, 200),  # a whole number, as JSON Schema has it
        ("POST", "/search", {"q": "cats", "k": 2.5}, 400),
        ("POST", "/search", {"q": " \n"}, 422),
        ("POST", "/search", {"q": "cats", "where": "0" * 10_001}, 400),
        ("POST", "/v1/embeddings", {"input": []}, 422),
        ("POST", "/v1/embeddings", {"input": ["cats", " "]}, 422),
        ("GET", "/similar?id=nobody", None, 404),
    ],
)
def test_what_the_document_says_is_what_is_taken(
    client: TestClient, method: str, path: str, body: object, status: int
) -> None:
    """Found by schemathesis: the document promised more than was taken, or did not name the status."""
    document = client.get("/openapi.json").json()
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert str(status) in document["paths"][path.partition("?")[0]][method.lower()]["responses"]


def test_null_is_the_same_as_not_given_and_the_document_says_so(client: TestClient) -> None:
    operations = client.get("/openapi.json").json()["paths"]
    body = operations["/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    nothing = dict.fromkeys(set(body["properties"]) - {"q"})
    assert client.post("/search", json={"q": "cats", **nothing}).json()["hits"]
    assert client.post("/search", json={"q": None}).status_code == 400
    assert fits(nothing, {**body, "required": []}, {})
    assert None in body["properties"]["mode"]["enum"]
    assert not fits({"q": None}, body, {})


def test_a_topic_where_none_are_known_makes_no_sense(client: TestClient) -> None:
    assert client.get("/search?q=cats&topic=1").status_code == 422


def test_the_document_says_which_texts_may_not_be_blank_and_how_long_a_filter_may_be(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    body = paths["/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert body["q"]["pattern"] == r"\S"
    assert body["where"]["anyOf"][0]["maxLength"] == 10_000
    assert "pattern" not in body["path"]
    inputs = paths["/v1/embeddings"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert inputs["input"]["anyOf"][1]["minItems"] == 1
