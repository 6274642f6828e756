from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database, Migrations

from searchkit.errors import IndexDamagedError, IndexFormatError, IndexStateError, InputError
from searchkit.store import NewChunk, NewDocument, NewSource, StoredSettings, StoreReader, StoreWriter
from searchkit.store.audit import StoreAudit
from searchkit.store.schema import SCHEMA_VERSION
from searchkit.types import Chunk, Document

SETTINGS = StoredSettings("", "f" * 64, 2, 16, 16, 0, "")


def document(name: str, *texts: str, **metadata: str) -> NewDocument:
    chunks = tuple(
        NewChunk(Chunk(text, 0, len(text), 1, 1), text.encode(), np.array([1, 0], "<f2").tobytes()) for text in texts
    )
    return NewDocument(Document(name, " ".join(texts), metadata=metadata), chunks)


def source(path: str, *, content_hash: str = "h") -> NewSource:
    return NewSource(None, path, 1, None, 5, content_hash, "digest")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "searchkit.db"


@pytest.fixture
def store(path: Path) -> Iterator[StoreWriter]:
    writer = StoreWriter(path)
    with writer.change():
        writer.save_settings(SETTINGS)
    yield writer
    writer.close()


def put_file(store: StoreWriter, new: NewSource, *documents: NewDocument) -> None:
    with store.change():
        file = store.begin_source(new)
        for item in documents:
            store.put_document(item, file=file)
        store.finish_source(file)


@pytest.mark.usefixtures("store")
def test_a_new_database_has_the_current_schema_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_newer_format_is_refused(store: StoreWriter, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(IndexFormatError, match="newer searchkit"):
        StoreReader(path)
    with pytest.raises(IndexFormatError):
        StoreWriter(path)


def test_another_programs_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(IndexDamagedError, match="another program"):
        StoreWriter(path)
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    assert len(path.read_bytes()) == len(before)


def test_a_damaged_database_is_named(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(IndexDamagedError, match=r"searchkit\.db"):
        StoreReader(path)


def test_a_failed_change_leaves_nothing(store: StoreWriter, path: Path) -> None:
    before = store.read.revision()
    with pytest.raises(AttributeError), store.change():
        store.put_document(document("a", "text"))
        store.put_document(None)  # type: ignore[arg-type]
    reader = StoreReader(path)
    with reader.snapshot():
        assert reader.counts().documents == 0
        assert reader.revision() == before
    reader.close()


def test_a_reader_keeps_its_snapshot_while_the_writer_goes_on(store: StoreWriter, path: Path) -> None:
    reader = StoreReader(path)
    with reader.snapshot():
        assert reader.counts().chunks == 0
        put_file(store, source("a.md"), document("a.md", "one", "two"))
        assert reader.counts().chunks == 0
    with reader.snapshot():
        assert reader.counts().chunks == 2
    reader.close()


def test_replacing_a_file_drops_documents_that_it_has_no_more(store: StoreWriter) -> None:
    put_file(store, source("r.csv"), document("r.csv#1", "one"), document("r.csv#2", "two"))
    put_file(store, source("r.csv"), document("r.csv#2", "zwei"))
    assert store.read.document_names(limit=9) == ["r.csv#2"]
    assert [row.text for row in store.read.chunks_of("r.csv#2")] == ["zwei"]


def test_a_file_that_was_not_finished_counts_as_unread(store: StoreWriter) -> None:
    put_file(store, source("a.csv"), document("a.csv#1", "one"))
    with store.change():
        file = store.begin_source(source("a.csv", content_hash="new"))
        store.put_document(document("a.csv#9", "nine"), file=file)
    row = store.read.source("a.csv")
    assert row is not None
    assert (row.content_hash, row.mtime_ns) == ("", None)
    assert sorted(store.read.document_names(limit=9)) == ["a.csv#1", "a.csv#9"]


def test_chunk_ids_are_never_given_twice(store: StoreWriter) -> None:
    put_file(store, source("a.md"), document("a.md", "one"))
    (first,) = store.read.chunk_ids_of("a.md")
    with store.change():
        store.drop_named("a.md")
    put_file(store, source("a.md"), document("a.md", "one"))
    (second,) = store.read.chunk_ids_of("a.md")
    assert second > first


def test_deleted_chunks_are_remembered_while_a_generation_holds_them(store: StoreWriter) -> None:
    put_file(store, source("a.md"), document("a.md", "one", "two"))
    with store.change():
        store.set_generation(1, file="vectors-1.faiss", kind="exact", sha256="", size=0, vector_count=2)
    put_file(store, source("b.md"), document("b.md", "three"))
    with store.change():
        store.drop_named("a.md")
        store.drop_named("b.md")  # only in the tail: nothing to remember
    assert store.read.deleted_ids().tolist() == [1, 2]
    with store.change():
        store.set_generation(2, file="vectors-2.faiss", kind="exact", sha256="", size=0, vector_count=0)
    assert store.read.deleted_ids().tolist() == []
    assert store.next_generation() == 3


def test_dropping_a_folder_takes_its_files_and_not_its_namesakes(store: StoreWriter) -> None:
    for path in ("docs/a.md", "docs/b/c.md", "docs-old/a.md", "docs.md"):
        put_file(store, source(path), document(path, path))
    with store.change():
        assert store.drop_named("docs/") == 2
    assert sorted(store.read.document_names(limit=9)) == ["docs-old/a.md", "docs.md"]


def test_vectors_come_back_in_the_order_asked(store: StoreWriter) -> None:
    with store.change():
        for name, row in (("a", [1, 0]), ("b", [0, 1])):
            new = NewChunk(Chunk(name, 0, 1, 1, 1), name.encode(), np.array(row, "<f2").tobytes())
            store.put_document(NewDocument(Document(name, name), (new,)))
    assert store.read.vectors(np.array([2, 1])).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(IndexDamagedError, match="chunk 7"):
        store.read.vectors(np.array([7]))


def test_vectors_of_different_lengths_are_not_guessed_at(store: StoreWriter) -> None:
    with store.change():
        for name, width in (("a", 2), ("b", 3)):
            new = NewChunk(Chunk(name, 0, 1, 1, 1), name.encode(), bytes(2 * width))
            store.put_document(NewDocument(Document(name, name), (new,)))
    with pytest.raises(IndexDamagedError, match="different lengths"):
        list(store.read.iter_vectors())


def test_a_write_into_a_read_only_folder_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(IndexStateError):
        StoreWriter(tmp_path / "no such folder" / "searchkit.db")


def test_a_change_that_cannot_be_committed_is_undone(store: StoreWriter) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.change():
        store._connection.execute("PRAGMA defer_foreign_keys = ON")
        store._connection.execute(
            "INSERT INTO embeddings (chunk_id, vector) VALUES (7, x'')"
        )  # of no chunk: COMMIT refuses
    assert not store._connection.in_transaction
    put_file(store, source("a.md"), document("a.md", "one"))


def test_errors_of_sqlite_outside_of_a_change_are_translated(path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="no such table"), StoreWriter.opened(path) as writer:
        writer._connection.execute("SELECT * FROM missing")


def test_a_name_is_dropped_as_it_is_written(store: StoreWriter) -> None:
    names = ("50%/a_b.md", "50x/a_b.md", "50%/axb.md")
    for name in names:
        put_file(store, source(name), document(name, name))
    with store.change():
        assert store.drop_named("50%/a_b.md") == 1
        assert store.drop_named("/") == store.drop_named("") == 0
        assert store.drop_named("50%//") == 1
    assert store.read.document_names(limit=9) == ["50x/a_b.md"]


def test_two_indexes_are_told_apart_by_their_revisions(store: StoreWriter, tmp_path: Path) -> None:
    with StoreWriter.opened(tmp_path / "other.db") as other:
        with other.change():
            other.save_settings(SETTINGS)
        assert other.read.revision() != store.read.revision()


def test_a_file_and_its_records_are_found_by_index(store: StoreWriter) -> None:
    put_file(store, source("r.csv"), document("r.csv#1", "one"), document("r.csv#2", "two"))
    with store.change():
        store.put_document(document("r.csv", "named like the file"))
    assert [row.doc_id for row in store.read.documents("r.csv")] == ["r.csv#1", "r.csv#2", "r.csv"]
    assert store.read.chunk_ids_of("r.csv#2").tolist() == [2]
    asked: list[str] = []
    store._connection.set_trace_callback(asked.append)
    store.read.documents("r.csv")
    store._connection.set_trace_callback(None)
    plan = store._connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert not [step for step in plan if step[3].startswith("SCAN")]


def test_a_full_disk_keeps_what_was_committed_before(store: StoreWriter) -> None:
    put_file(store, source("a.md"), document("a.md", "one"))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(IndexStateError, match="free some disk space"):
        put_file(store, source("b.md"), document("b.md", "two " * 10_000))
    assert store.read.document_names(limit=9) == ["a.md"]


def test_the_chunks_around_one_are_those_of_its_document(store: StoreWriter) -> None:
    with store.change():
        store.put_document(document("a", "a0"), file=None)
        store.put_document(document("b", "b0", "b1", "b2", "b3"), file=None)
        store.put_document(document("c", "c0"), file=None)
    read = store.read
    second = read.chunks_of("b")[1].chunk_id
    assert [row.text for row in read.chunks_around(second, 0)] == ["b1"]
    assert [row.text for row in read.chunks_around(second, 1)] == ["b0", "b1", "b2"]
    assert [row.text for row in read.chunks_around(second, 10**12)] == ["b0", "b1", "b2", "b3"]
    assert read.chunks_around(999, 1) == []


def test_each_chunk_knows_its_document_in_the_order_asked(store: StoreWriter) -> None:
    with store.change():
        for name in ("a", "b"):
            store.put_document(document(name, f"{name}0", f"{name}1"), file=None)
    first, second = (store.read.chunks_of(name) for name in ("a", "b"))
    ids = np.array([second[1].chunk_id, first[0].chunk_id, second[0].chunk_id])
    expected = [second[0].document_id, first[0].document_id, second[0].document_id]
    assert store.read.document_numbers(ids).tolist() == expected


def test_a_chunk_that_is_not_there_has_no_document(store: StoreWriter) -> None:
    with pytest.raises(IndexDamagedError, match="chunk 99"):
        store.read.document_numbers(np.array([99]))


@pytest.mark.parametrize("name", ["text-99999999999999999999", "text-7", "text-007", "text-", "text-x"])
def test_a_number_for_a_name_was_given_to_none_before(store: StoreWriter, name: str) -> None:
    with store.change():
        store.put_document(document(name, "theirs"))
    for _ in range(2):
        given = f"text-{store.read.next_text_number()}"
        with store.change():
            assert not store.put_document(document(given, "one more"))
    assert store.read.counts().documents == 3


def test_metadata_that_sqlite_cannot_read_is_refused_before_it_bars_every_filter(store: StoreWriter) -> None:
    deep: list[object] = []
    for _ in range(2500):
        deep = [deep]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        with pytest.raises(InputError, match="metadata of document 'a'"), store.change():
            store.put_document(NewDocument(Document("a", "text", metadata={"deep": deep}), ()))
    finally:
        sys.setrecursionlimit(limit)
    assert store.read.counts().documents == 0


def test_names_of_metadata_are_listed_as_filters_find_them(store: StoreWriter, path: Path) -> None:
    names = {"a\0b": 1, 'c"d': 1, "é": 1, "back\\slash": 1, "new\nline": 1}
    with store.change():
        store.put_document(NewDocument(Document("a", "text", metadata=names), ()))
    listed = store.read.metadata_fields()
    with StoreAudit.opened(path) as audit:
        assert audit.fields_not_listed() == []
    with store.change():
        store.forget_unused_fields()
    assert store.read.metadata_fields() == listed
    assert {'c"d', "é", "back\\slash", "new\nline"} <= set(listed)


def test_a_first_run_killed_before_its_first_table_bars_nothing(path: Path) -> None:
    """The list of migrations is made before the first of them, in a transaction of its own."""
    with closing(sqlite3.connect(path)) as connection:
        Migrations("searchkit").ensure_migrations_table(Database(connection))
        connection.commit()
    with StoreWriter.opened(path) as store:
        assert store.is_new()


def test_a_version_that_the_tables_deny_is_damage(store: StoreWriter, path: Path) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")  # readers would do without checksums
    with pytest.raises(IndexDamagedError, match="says that it has format 1"):
        StoreReader(path)
    with pytest.raises(IndexDamagedError):
        StoreWriter(path)
