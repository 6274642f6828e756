from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from damage import flip

from searchkit.store import NewChunk, NewDocument, NewSource, StoredSettings, StoreReader, StoreWriter
from searchkit.store.wreck.reclaim import reclaim
from searchkit.types import Chunk, Document

PAGE = 4096
VECTOR = np.array([1, 0], "<f2").tobytes()


def fill(store: StoreWriter) -> None:
    """Two files of a document each."""
    with store.change():
        store.save_settings(StoredSettings("", "f" * 64, 2, 16, 16, 0, ""))
        for name in ("one.md", "two.md"):
            file = store.begin_source(NewSource(None, name, 1, None, 5, "h", "digest"))
            chunk = NewChunk(Chunk(name, 0, len(name), 1, 1), name.encode(), VECTOR)
            store.put_document(NewDocument(Document(name, name), (chunk,)), file=file)
            store.finish_source(file)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """All of it in one file."""
    path = tmp_path / "searchkit.db"
    with StoreWriter.opened(path) as store:
        fill(store)
    return path


def place_of(path: Path, index: str, text: bytes) -> int:
    """Where a text stands on the first page of an index, in bytes."""
    with closing(sqlite3.connect(path)) as connection:
        find = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(find, [index]).fetchone()
    return path.read_bytes().index(text, (page - 1) * PAGE, page * PAGE)


@pytest.mark.parametrize("index", ["sqlite_autoindex_documents_1", "sqlite_autoindex_sources_1"])
def test_a_name_in_an_index_that_is_no_text_any_more_bars_nothing(damaged: Path, tmp_path: Path, index: str) -> None:
    flip(damaged, 8 * place_of(damaged, index, b"one.md") + 7)  # no letter of UTF-8 has this bit alone
    found = reclaim(damaged, tmp_path / "fresh.db", whole_log=True)
    assert (found.documents, found.chunks, found.lost) == (2, 2, ())
    reader = StoreReader(tmp_path / "fresh.db")
    assert [row.doc_id for row in reader.documents("one.md")] == ["one.md"]
    reader.close()


def test_commits_in_a_log_with_a_flipped_bit_in_its_header_come_back(tmp_path: Path) -> None:
    """SQLite takes such a log for none."""
    with StoreWriter.opened(tmp_path / "searchkit.db") as store:
        fill(store)
        (tmp_path / "copy").mkdir()
        for name in ("searchkit.db", "searchkit.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / "copy" / name)
    flip(tmp_path / "copy" / "searchkit.db-wal", 8 * 10)  # in the size of its pages
    found = reclaim(tmp_path / "copy" / "searchkit.db", tmp_path / "fresh.db", whole_log=True)
    assert (found.documents, found.chunks, found.lost) == (2, 2, ())
