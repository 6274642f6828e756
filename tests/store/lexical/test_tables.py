from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from damage import alter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.errors import IndexDamagedError
from searchkit.store import NewChunk, NewDocument, NewSource, StoredSettings, StoreReader, StoreWriter, plain_query
from searchkit.store.lexical import tables as lexical_tables
from searchkit.store.lexical.audit import lexical_differences
from searchkit.types import Chunk, Document

NAMES = ("a.md", "b.md", "c/d.md", "c/e.md")
TEXTS = ("rename a branch", "delete the tag", "getUserName 日本語", "branch branch tag", "…")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("file", "part", "put", "drop", "drop folder", "sources", "root", "optimize", "rebuild")),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(TEXTS), max_size=3),
    ),
    max_size=12,
)


def new_store(path: Path) -> StoreWriter:
    writer = StoreWriter(path)
    with writer.change():
        writer.save_settings(StoredSettings("", "f" * 64, 2, 16, 16, 0, ""))
    return writer


def document(name: str, texts: list[str]) -> NewDocument:
    chunks = tuple(
        NewChunk(Chunk(text, 0, len(text), 1, 1, ("Guide", text[:3])), text.encode(), bytes(4)) for text in texts
    )
    return NewDocument(Document(name, " ".join(texts), title="Guide"), chunks)


def apply(store: StoreWriter, kind: str, name: str, texts: list[str]) -> None:
    if kind in {"file", "part"}:
        file = store.begin_source(NewSource(None, name, 1, None, 5, "h", "digest"))
        store.put_document(document(name, texts), file=file)
        if kind == "file":
            store.finish_source(file)
    elif kind == "put":
        store.put_document(document(f"memory of {name}", texts))
    elif kind == "drop":
        store.drop_named(name)
    elif kind == "drop folder":
        store.drop_named("c")
    elif kind == "sources":
        store.drop_sources([name, "c/d.md"])
    elif kind == "root":  # a cascade over three tables
        root = store.add_root(name, f"/{name}")
        store._connection.execute("UPDATE sources SET root_id = ?", [root.root_id])
        store._connection.execute("DELETE FROM roots WHERE root_id = ?", [root.root_id])
    elif kind == "optimize":
        store.optimize_lexical()
    else:
        store.rebuild_lexical()


def scores_of(connection: sqlite3.Connection) -> list[list[tuple[int, float]]]:
    """What FTS5 says of each chunk for some words."""
    ranked = "SELECT rowid, bm25(chunk_words) FROM chunk_words WHERE chunk_words MATCH ? ORDER BY rowid"
    asked = ('"branch"', '"tag" OR "renam"', '"guid"', '"日本"', '"getusernam"', '"branch" OR "tag" OR "delet tag"')
    return [connection.execute(ranked, [match]).fetchall() for match in asked]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_words_are_those_of_the_chunks_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, list[str]]]
) -> None:
    store = new_store(tmp_path_factory.mktemp("index") / "searchkit.db")
    for step in steps:
        with store.change():
            apply(store, *step)
    kept = scores_of(store._connection)
    store._connection.execute("INSERT INTO chunk_words (chunk_words) VALUES ('integrity-check')")
    assert list(lexical_differences(store._connection)) == []
    with store.change():
        store.rebuild_lexical()
    assert scores_of(store._connection) == kept  # to the bit
    store.close()


def test_a_change_that_fails_leaves_the_words_as_they_were(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    with store.change():
        apply(store, "file", "a.md", ["rename a branch"])
    with pytest.raises(ZeroDivisionError), store.change():
        apply(store, "file", "a.md", ["delete the tag"])
        raise ZeroDivisionError
    assert list(lexical_differences(store._connection)) == []
    store.close()


def test_damaged_words_are_noticed_and_made_anew(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    with store.change():
        apply(store, "file", "a.md", ["rename a branch"])
    store._connection.execute("INSERT INTO chunk_words (rowid, text) VALUES (9, 'stray')")
    assert list(lexical_differences(store._connection))
    with store.change():
        store.rebuild_lexical()
    assert list(lexical_differences(store._connection)) == []
    store.close()


@pytest.mark.parametrize("kept", ['"0, Unicode 1.0"', None])
def test_another_analysis_fills_the_index_anew_before_anything_is_written(tmp_path: Path, kept: str | None) -> None:
    store = new_store(tmp_path / "searchkit.db")
    with store.change():
        apply(store, "file", "a.md", ["rename a branch"])
    connection = store._connection
    connection.execute("INSERT INTO chunk_words (chunk_words) VALUES ('delete-all')")  # as if with other words
    connection.execute("DELETE FROM settings WHERE name = ?", [lexical_tables.ANALYSIS_SETTING])
    if kept:
        setting = [lexical_tables.ANALYSIS_SETTING, kept]
        connection.execute("INSERT INTO settings (name, value) VALUES (?, ?)", setting)
    reader = StoreReader(tmp_path / "searchkit.db")
    assert not reader.has_lexical()
    reader.close()
    store.close()
    with StoreWriter.opened(tmp_path / "searchkit.db") as writer:
        assert writer.read.has_lexical()
        assert list(lexical_differences(writer._connection)) == []
        with writer.change():
            assert writer.drop_named("a.md") == 1


def test_words_of_other_unicode_tables_can_be_asked_and_are_renewed_by_a_writer(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    other = f'"{lexical_tables.ANALYSIS_VERSION}, Unicode 1.0"'
    store._connection.execute("UPDATE settings SET value = ? WHERE name = 'analysis'", [other])
    assert store.read.has_lexical()
    assert not lexical_tables.is_current(store._connection)
    store.close()
    with StoreWriter.opened(tmp_path / "searchkit.db") as writer:
        assert lexical_tables.is_current(writer._connection)


def test_an_index_of_version_1_is_filled_by_the_next_writer(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    with store.change():
        apply(store, "file", "a.md", ["rename a branch"])
    connection = store._connection
    for name in ("words_inserted", "words_deleted"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DROP TABLE chunk_word_places")
    connection.execute("DROP TABLE chunk_words")
    connection.execute("DELETE FROM settings WHERE name = 'analysis'")
    reader = StoreReader(tmp_path / "searchkit.db")
    with reader.snapshot():
        assert not reader.has_lexical()
        assert reader.counts().chunks == 1
    reader.close()
    store.close()
    query = plain_query("branches")
    assert query is not None
    with StoreWriter.opened(tmp_path / "searchkit.db") as writer:
        assert writer.read.lexical_nearest(query, 1)[1].tolist() == [1]


def test_the_first_heading_is_not_counted_when_it_says_the_title() -> None:
    assert lexical_tables.indexed_headings("Guide", '["Guide ", "Tags"]') == "tag"
    assert lexical_tables.indexed_headings("", '["Guide", "Tags"]') == "guid tag"
    assert lexical_tables.indexed_headings("", "[damaged") == "damag"


def test_what_tells_of_the_words_is_compared_and_mended_by_the_next_writer(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    with store.change():
        apply(store, "file", "a.md", ["rename a branch"])
    store.close()
    alter(tmp_path, "UPDATE settings SET value = 'x' || value WHERE name = 'analysis'")
    reader = StoreReader(tmp_path / "searchkit.db")
    with pytest.raises(IndexDamagedError, match="'analysis' is not as it was written"):
        reader.has_lexical()
    reader.close()
    with StoreWriter.opened(tmp_path / "searchkit.db") as writer:
        assert writer.read.has_lexical()
        assert list(lexical_differences(writer._connection)) == []


def test_words_that_are_gone_are_told(tmp_path: Path) -> None:
    store = new_store(tmp_path / "searchkit.db")
    store._connection.execute("DROP TABLE chunk_words")
    assert list(lexical_differences(store._connection)) == ["their table is missing"]
    store.close()
