from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

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


def put(store: StoreWriter, name: str, *texts: str) -> None:
    chunks = tuple(NewChunk(Chunk(text, 0, len(text), 1, 1), text.encode(), bytes(4)) for text in texts)
    with store.change():
        store.put_document(NewDocument(Document(name, " ".join(texts)), chunks))


def test_no_score_reaches_the_most_that_a_query_can_have(store: StoreWriter) -> None:
    """idf of the three words, which 1, 2 and none of nine chunks have; each adds less than k1 + 1 = 2.2 times that."""
    put(store, "a", "branch " * 60, "rename a branch", *["delete a tag"] * 7)
    query = plain_query("rename branch nowhere")
    assert query is not None
    idf = [math.log((9 - holders + 0.5) / (holders + 0.5)) for holders in (1, 2, 0)]
    most = store.read.lexical_most(query)
    assert most == pytest.approx(2.2 * sum(idf))
    assert (store.read.lexical_nearest(query, 9)[0] < most).all()


def test_a_query_is_looked_up_anew_once_the_index_has_changed(store: StoreWriter) -> None:
    query = plain_query("branch")
    assert query is not None
    put(store, "a", "rename a branch", "delete a tag", "push")
    before = store.read.lexical_most(query)
    put(store, "b", "another branch")
    assert len(store.read.lexical_nearest(query, 9)[1]) == 2
    assert store.read.lexical_most(query) < before
