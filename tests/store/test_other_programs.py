"""Other programs read the database as it is, without our functions; a change that one makes is refused."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlite_utils
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.search import verify_index

TEXTS = {"a": "apples grow on trees", "b": "boats sail the sea", "c": "clocks tell the time"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("other")
    (root / "docs").mkdir()
    (root / "docs" / "eels.txt").write_text("Eels swim in the lake.\n")
    with SearchEngine.open_or_create(root / "index", encoder=WordEncoder()) as engine:
        engine.add([{"id": name, "text": text, "title": f"On {text.split()[0]}"} for name, text in TEXTS.items()])
        engine.index_paths([root / "docs"])
    return root / "index"


@pytest.fixture(scope="module")
def database(folder: Path) -> Path:
    return folder / "searchkit.db"


def test_sqlite_utils_counts_and_queries(database: Path) -> None:
    db = sqlite_utils.Database(database)
    counts = {name: db[name].count for name in db.table_names()}
    assert {"documents": 4, "chunks": 4, "embeddings": 4, "sources": 1, "chunk_words": 4}.items() <= counts.items()
    rows = db.query("SELECT d.doc_id, c.text FROM chunks c JOIN documents d USING (document_id) ORDER BY c.chunk_id")
    assert {row["doc_id"]: row["text"] for row in rows} == {**TEXTS, "docs/eels.txt": "Eels swim in the lake."}
    words = db.query("SELECT rowid FROM chunk_words WHERE chunk_words MATCH 'sea' ORDER BY rank")
    found = db.query("SELECT text FROM chunks WHERE chunk_id = ?", [next(words)["rowid"]])
    assert next(found)["text"] == TEXTS["b"]
    db.close()


def test_foreign_keys_name_the_columns_that_they_lead_to(database: Path) -> None:
    connection = sqlite3.connect(database)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    keys = [(name, row[2], row[4]) for name in tables for row in connection.execute(f"PRAGMA foreign_key_list({name})")]
    connection.close()
    assert sorted(keys) == [
        ("chunk_topics", "chunks", "chunk_id"),
        ("chunks", "documents", "document_id"),
        ("documents", "sources", "source_id"),
        ("embeddings", "chunks", "chunk_id"),
        ("sources", "roots", "root_id"),
    ]


def test_the_command_line_of_sqlite_utils_reads(database: Path) -> None:
    def run(*words: str) -> Any:
        command = [sys.executable, "-W", "ignore", "-m", "sqlite_utils", *words]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    counts = {row["table"]: row["count"] for row in run("tables", str(database), "--counts")}
    assert counts["chunks"] == 4
    query = "SELECT doc_id FROM documents WHERE title = 'On boats'"
    assert run("query", str(database), query) == [{"doc_id": "b"}]


@pytest.mark.parametrize(
    "change",
    ["UPDATE chunks SET text = 'x'", "DELETE FROM documents", "INSERT INTO roots (prefix, location) VALUES ('', '/')"],
)
def test_a_change_that_would_break_checksums_or_words_is_refused(folder: Path, change: str) -> None:
    connection = sqlite3.connect(folder / "searchkit.db")
    with pytest.raises(sqlite3.OperationalError, match="no such function"), connection:
        connection.execute(change)
    connection.close()
    assert verify_index(folder, encoder=WordEncoder()).is_clean


PAGES = [
    "/",
    "/searchkit",
    *(f"/searchkit/{table}" for table in ("documents", "chunks", "sources", "roots", "embeddings", "settings")),
    *(f"/searchkit/{table}" for table in ("generations", "topics", "judgements", "chunk_words", "metadata_fields")),
    "/searchkit/documents/1",
    "/searchkit/chunks/4",
    "/searchkit/chunks?_facet=document_id",
    "/searchkit/embeddings/1.blob?_blob_column=vector",
]


def test_datasette_shows_every_table(database: Path) -> None:
    app = pytest.importorskip("datasette.app", reason="datasette is not installed")

    async def statuses() -> dict[str, int]:
        datasette = app.Datasette([str(database)])
        await datasette.invoke_startup()
        return {page: (await datasette.client.get(page)).status_code for page in PAGES}

    assert asyncio.run(statuses()) == dict.fromkeys(PAGES, 200)


def test_datasette_answers_sql_over_words_and_documents(database: Path) -> None:
    app = pytest.importorskip("datasette.app", reason="datasette is not installed")
    sql = (
        "SELECT d.doc_id, c.text FROM chunk_words w JOIN chunks c ON c.chunk_id = w.rowid "
        "JOIN documents d USING (document_id) WHERE chunk_words MATCH 'boat OR time' ORDER BY d.doc_id"
    )

    async def rows() -> Any:
        datasette = app.Datasette([str(database)])
        await datasette.invoke_startup()
        return (await datasette.client.get(f"/searchkit.json?_shape=array&sql={quote(sql)}")).json()

    assert asyncio.run(rows()) == [{"doc_id": name, "text": TEXTS[name]} for name in "bc"]
