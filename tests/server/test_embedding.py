"""/v1/embeddings has the shape of OpenAI's call."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from starlette.testclient import TestClient

from searchkit import SearchEngine

TEXTS = ["cats sleep", "boats sail"]


@pytest.mark.parametrize("path", ["/v1/embeddings", "/embed"])
def test_rows_are_those_of_the_encoder(client: TestClient, engine: SearchEngine, path: str) -> None:
    answer = client.post(path, json={"input": TEXTS, "model": "whatever"}).json()
    assert (answer["object"], answer["model"]) == ("list", engine.encoder.name)
    assert [(item["object"], item["index"]) for item in answer["data"]] == [("embedding", 0), ("embedding", 1)]
    rows = np.array([item["embedding"] for item in answer["data"]], np.float32)
    np.testing.assert_array_equal(rows, engine.encoder.encode_passages(TEXTS))
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


def test_base64_is_little_endian_float32(client: TestClient, engine: SearchEngine) -> None:
    answer = client.post("/v1/embeddings", json={"input": TEXTS[0], "encoding_format": "base64"}).json()
    row = np.frombuffer(base64.b64decode(answer["data"][0]["embedding"]), "<f4")
    np.testing.assert_array_equal(row, engine.encoder.encode_passages(TEXTS[:1])[0])


@pytest.mark.parametrize("text", ["boats " * 1_000, "cats \ud800 sleep"], ids=["long", "lone surrogate"])
def test_any_text_is_embedded(client: TestClient, engine: SearchEngine, text: str) -> None:
    """One of more characters than there may be texts, and one that no encoding can hold."""
    found = client.post("/embed", content=json.dumps({"input": text}), headers={"content-type": "application/json"})
    assert found.status_code == 200, found.text
    row = np.array(found.json()["data"][0]["embedding"], np.float32)
    np.testing.assert_array_equal(row, engine.encoder.encode_passages([text.replace("\ud800", "\ufffd")])[0])


def test_fewer_dimensions_are_unit_rows_again(client: TestClient, engine: SearchEngine) -> None:
    answer = client.post("/v1/embeddings", json={"input": TEXTS, "dimensions": 8}).json()
    rows = np.array([item["embedding"] for item in answer["data"]])
    cut = engine.encoder.encode_passages(TEXTS)[:, :8]
    np.testing.assert_allclose(rows, cut / np.linalg.norm(cut, axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"input": 5}, 400),
        ({"input": [1, 2, 3]}, 400),
        ({"input": ["a", None]}, 400),
        ({"input": "a", "encoding_format": "hex"}, 400),
        ({"input": "a", "dimensions": 0}, 400),
        ({"input": "a", "inputs": "b"}, 400),
        ({"input": ["a"] * 2049}, 400),
        ({"input": "a" * 200_001}, 400),
        ({"input": ["a", "a" * 200_001]}, 400),
        ({"input": "a", "dimensions": 65}, 422),
        ({"input": ""}, 422),
        ({"input": []}, 422),
        ({"input": ["a", "  "]}, 422),
    ],
)
def test_what_cannot_be_embedded_is_told(client: TestClient, body: object, status: int) -> None:
    assert client.post("/v1/embeddings", json=body).status_code == status


def test_the_client_of_openai_reads_it(client: TestClient, engine: SearchEngine) -> None:
    openai = pytest.importorskip("openai", reason="the client of OpenAI is not installed")
    asked = openai.OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="none", http_client=client)
    found = asked.embeddings.create(model="any", input=TEXTS)
    rows = np.array([item.embedding for item in found.data], np.float32)
    np.testing.assert_array_equal(rows, engine.encoder.encode_passages(TEXTS))
