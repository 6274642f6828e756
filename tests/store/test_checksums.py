from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import xxhash

from searchkit.errors import IndexDamagedError
from searchkit.store import NewChunk, NewDocument, NewSource, StoredSettings, StoreReader, StoreWriter
from searchkit.store.checksums import CHECKED, row_checksum, vector_checksum
from searchkit.store.documents import DocumentsReader
from searchkit.store.judgements import Judgement, keep_judgements, read_judgements
from searchkit.store.topics import KeptTopic, KeptTopics, TopicReader, keep_topics
from searchkit.types import Chunk, Document

SETTINGS = StoredSettings("", "f" * 64, 2, 16, 16, 0, "")
VECTOR = np.array([1, 0], "<f2").tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a row in every table that is checked."""
    with StoreWriter.opened(tmp_path / "searchkit.db") as store:
        with store.change():
            store.save_settings(SETTINGS)
            root = store.add_root("docs", "/docs")
            file = store.begin_source(NewSource(root.root_id, "docs/a.md", 1, None, 5, "h", "digest"))
            chunk = NewChunk(Chunk("apples grow", 0, 11, 1, 1), b"key", VECTOR)
            store.put_document(NewDocument(Document("docs/a.md", "apples grow", "Apples"), (chunk,)), file=file)
            store.finish_source(file)
        with store.change():
            topic = KeptTopic(1, "apples", ("apples",), 1.0, np.array([1, 0], "<f4"))
            keep_topics(store, KeptTopics((topic,), "f" * 64, "method", (), ""), np.array([1]), np.array([1]))
            keep_judgements(store, [Judgement("fruit", "docs/a.md", "apples grow", b"key", True, "2026-01-01")])
            store.set_generation(1, file="vectors-1.faiss", kind="exact", sha256="", size=0, vector_count=1)
    return tmp_path / "searchkit.db"


@pytest.fixture
def reader(path: Path) -> Iterator[StoreReader]:
    opened = StoreReader(path)
    yield opened
    opened.close()


def alter(path: Path, statement: str) -> None:
    """Change a row as a failing disk would: without the triggers that mend its checksum."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)


def test_every_column_of_a_checked_table_is_covered(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in CHECKED.items():
            found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            assert sorted(column.strip('"') for column in columns) == sorted(set(found) - {"checksum"})


def test_rows_carry_the_checksum_of_what_they_hold(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in CHECKED.items():
            rows = connection.execute(f"SELECT {', '.join(columns)}, checksum FROM {table}").fetchall()
            assert rows
            for *values, checksum in rows:
                assert checksum == (vector_checksum(*values) if table == "embeddings" else row_checksum(*values))


def test_a_vector_has_the_checksum_of_its_bytes_and_its_place() -> None:
    assert vector_checksum(7, VECTOR) == xxhash.xxh3_64_intdigest(VECTOR, 7) - 2**63
    assert vector_checksum(8, VECTOR) != vector_checksum(7, VECTOR)


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, "a", "b"), (1, "b", "a")), (("ab", "c"), ("a", "bc")), ((1,), ("1",)), ((b"a",), ("a",)), ((None,), ("",))],
)
def test_rows_that_differ_have_other_checksums(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert row_checksum(*one) != row_checksum(*other)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chunks SET text = 'apples groW'",
        "UPDATE chunks SET line_start = 3",
        "UPDATE documents SET title = 'Apple5'",
        """UPDATE documents SET metadata = '{"lang": "en"}'""",
        "UPDATE sources SET path = 'docs/b.md'",
        "UPDATE chunks SET text = CAST(x'ff6170' AS TEXT)",  # no UTF-8
        "UPDATE chunks SET checksum = 5",
        "UPDATE chunks SET checksum = NULL",
        "UPDATE chunks SET chunk_id = 9",
    ],
)
def test_an_altered_chunk_is_never_given_out(path: Path, statement: str) -> None:
    alter(path, statement)
    reader = StoreReader(path)
    with pytest.raises(IndexDamagedError) as caught, reader.snapshot():
        reader.chunk_rows(np.array([1]))
    reader.close()
    assert "searchkit repair" in caught.value.hint


@pytest.mark.parametrize("vector", ["x'003c0100'", "x'003c'", "5", "NULL"])
def test_an_altered_vector_is_never_given_out(path: Path, vector: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'BLOB NOT NULL', 'BLOB')")
    alter(path, f"UPDATE embeddings SET vector = {vector}")
    reader = StoreReader(path)
    with reader.snapshot():
        with pytest.raises(IndexDamagedError, match="vector of chunk 1"):
            list(reader.iter_vectors())
        with pytest.raises(IndexDamagedError, match="vector of chunk 1"):
            reader.vectors(np.array([1]))
        assert reader.known_vectors([b"key"]) == {}
    reader.close()


def test_an_altered_setting_is_told_by_name(path: Path) -> None:
    alter(path, "UPDATE settings SET value = '3' WHERE name = 'dimension'")
    reader = StoreReader(path)
    with pytest.raises(IndexDamagedError, match="'dimension' is not as it was written"), reader.snapshot():
        reader.settings()
    reader.close()


def test_an_altered_record_of_the_vectors_file_is_not_believed(path: Path) -> None:
    alter(path, "UPDATE generations SET max_chunk_id = 99")  # would hide chunks 2 to 99
    reader = StoreReader(path)
    with pytest.raises(IndexDamagedError, match="record of the vectors file"), reader.snapshot():
        reader.generation()
    reader.close()


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE documents SET metadata = '{'", lambda reader: reader.documents("docs/a.md")),
        ("UPDATE documents SET title = 'Pears'", lambda reader: list(DocumentsReader(reader).matching(None, None))),
        ("UPDATE roots SET location = '/other'", lambda reader: reader.roots()),
        ("UPDATE judgements SET is_accepted = 0", read_judgements),
        ("UPDATE topics SET label = 'pears'", lambda reader: TopicReader(reader).topics()),
        ("UPDATE settings SET value = '{}' WHERE name = 'topics'", lambda reader: TopicReader(reader).topics()),
    ],
)
def test_what_is_altered_is_not_told_as_it_stands(
    path: Path, statement: str, read: Callable[[StoreReader], object]
) -> None:
    reader = StoreReader(path)
    with reader.snapshot():
        read(reader)
    reader.close()
    alter(path, statement)
    reader = StoreReader(path)
    with pytest.raises(IndexDamagedError), reader.snapshot():
        read(reader)
    reader.close()


def test_sound_rows_are_read(reader: StoreReader) -> None:
    with reader.snapshot():
        assert reader.chunk_rows(np.array([1]))[1].text == "apples grow"
        assert reader.vectors(np.array([1])).tolist() == [[1, 0]]
        assert reader.known_vectors([b"key"]) == {b"key": VECTOR}
        assert reader.settings() == SETTINGS


def test_changes_renew_the_checksums(path: Path, reader: StoreReader) -> None:
    with StoreWriter.opened(path) as store, store.change():
        store.touch_source(1, mtime_ns=9, modified="2026-01-01")
        store.move_root(1, prefix="other", location="/other")
        store.stage_vectors([(1, np.array([0, 1], "<f2").tobytes())])
        store.promote_staged_vectors(SETTINGS)
    with reader.snapshot():
        assert reader.vectors(np.array([1])).tolist() == [[0, 1]]
        assert reader.chunk_rows(np.array([1]))[1].path == "docs/a.md"
