from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from searchkit.store import NewChunk, NewDocument, StoredSettings, StoreWriter, plain_query
from searchkit.types import Chunk, Document


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWriter]:
    writer = StoreWriter(tmp_path / "searchkit.db")
    with writer.change():
        writer.save_settings(StoredSettings("", "f" * 64, 2, 16, 16, 0, ""))
    yield writer
    writer.close()


def put(store: StoreWriter, name: str, *texts: str, title: str = "") -> None:
    chunks = tuple(NewChunk(Chunk(text, 0, len(text), 1, 1), text.encode(), bytes(4)) for text in texts)
    with store.change():
        store.put_document(NewDocument(Document(name, " ".join(texts), title=title), chunks))


def found(store: StoreWriter, text: str, k: int = 10) -> list[int]:
    query = plain_query(text)
    return [] if query is None else store.read.lexical_nearest(query, k)[1].tolist()


def test_a_chunk_is_found_by_its_words(store: StoreWriter) -> None:
    put(store, "a", "rename a branch", "delete a tag")
    assert found(store, "renaming") == [1]
    assert found(store, "tags") == [2]
    assert found(store, "nothing") == []


def test_a_dropped_document_is_found_no_more(store: StoreWriter) -> None:
    put(store, "a", "rename a branch", title="git")
    put(store, "a", "delete a tag", title="git")
    assert found(store, "branch") == []
    assert found(store, "git") == [2]


def test_only_allowed_chunks_are_ranked(store: StoreWriter) -> None:
    put(store, "a", *["the equal words"] * 5)
    query = plain_query("equal words")
    assert query is not None
    scores, ids = store.read.lexical_nearest(query, 2, np.array([3, 5]))
    assert ids.tolist() == [3, 5]
    assert (scores > 0).all()
    assert store.read.lexical_scores(query, np.array([9, 3])).tolist() == [0.0, scores[0]]
    assert store.read.matched_terms(query, np.array([1])) == {1: ("equal", "words")}
