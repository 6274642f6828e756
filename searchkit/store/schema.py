"""The tables of ``searchkit.db`` and their history.

The database is the only source of truth of an index: everything else in its folder is derived from it. It is in
WAL mode with ``synchronous=FULL``, so what a commit acknowledged survives a crash, and what it did not is absent.

``PRAGMA user_version`` holds the schema version; each step to it is one numbered migration.

    version 1   sources, documents, chunks, embeddings, generations, deleted chunks
    version 2   chunk_words: the words of the chunks, for lexical search
    version 3   a checksum beside each row (see `checksums`)
    version 4   topics and the chunks of each (see `topics`)
    version 5   checksums for these
    version 6   judgements: what people said of hits, with checksums
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from searchkit.errors import IndexDamagedError, IndexFormatError
from searchkit.store.checksums import checksum_statements, register_checksums
from searchkit.store.judgement_tables import JUDGEMENT_TABLE
from searchkit.store.lexical.tables import is_current, make_lexical_index, register_words
from searchkit.store.topic_tables import TOPIC_TABLES

if TYPE_CHECKING:
    from sqlite_utils import Database

SCHEMA_VERSION = 6
APPLICATION_ID = 0x73726368  # "srch", so that `file` and we can tell this database from any other

TABLES = """
-- What holds for the whole index, one JSON value a name: its encoder, how text is cut, the revision.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The folders and single files that `searchkit index` was pointed at.
CREATE TABLE roots (
    root_id  INTEGER PRIMARY KEY,
    prefix   TEXT NOT NULL UNIQUE,  -- what the paths of its files begin with, '' for none
    location TEXT NOT NULL UNIQUE   -- where it was last seen, absolute
);

-- One file (or stream) each, indexed or refused.
CREATE TABLE sources (
    source_id      INTEGER PRIMARY KEY,
    root_id        INTEGER REFERENCES roots (root_id) ON DELETE CASCADE,
    path           TEXT NOT NULL UNIQUE,  -- as people see it, with '/'
    size           INTEGER NOT NULL,      -- bytes
    modified       TEXT,                  -- ISO 8601, UTC
    mtime_ns       INTEGER,               -- NULL: too young to be trusted, read again next time
    content_hash   TEXT NOT NULL,         -- XXH3-128 of the bytes
    options_digest TEXT NOT NULL,         -- how it was read and cut; another digest means reading it again
    status         TEXT NOT NULL CHECK (status IN ('indexed', 'refused')),
    reason         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sources_by_root ON sources (root_id);

-- One searchable text with its metadata. A file gives one or, for records, many; the library adds them without a file.
CREATE TABLE documents (
    document_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id        INTEGER REFERENCES sources (source_id) ON DELETE CASCADE,
    doc_id           TEXT NOT NULL UNIQUE,  -- the caller's name; a file's path
    title            TEXT NOT NULL,
    metadata         TEXT NOT NULL,         -- a JSON object
    lines_are_source INTEGER NOT NULL       -- 1: the lines of its chunks are lines of the file
);
CREATE INDEX documents_by_source ON documents (source_id);

-- The names that occur in `documents.metadata`, so that a misspelt filter field can be told. One that occurs no more
-- is forgotten with the next generation.
CREATE TABLE metadata_fields (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;

-- The pieces that are embedded. Ids are never given twice.
CREATE TABLE chunks (
    chunk_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id  INTEGER NOT NULL REFERENCES documents (document_id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,  -- 0 for the first of its document
    text         TEXT NOT NULL,
    heading_path TEXT NOT NULL,     -- a JSON array, outermost first
    start        INTEGER NOT NULL,  -- characters of the document's text, half open
    "end"        INTEGER NOT NULL,
    line_start   INTEGER NOT NULL,  -- from 1, both included
    line_end     INTEGER NOT NULL,
    page         INTEGER,           -- from 1; NULL for unpaged documents
    passage_hash BLOB NOT NULL      -- XXH3-128 of the text that was embedded: equal passages are encoded once
);
CREATE INDEX chunks_by_document ON chunks (document_id, position);
CREATE INDEX chunks_by_passage ON chunks (passage_hash);

-- One unit vector a chunk: `dimension` little-endian float16 numbers.
CREATE TABLE embeddings (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (chunk_id) ON DELETE CASCADE,
    vector   BLOB NOT NULL
);

-- The FAISS file that covers chunks up to `max_chunk_id`; one row, or none before the first. Newer chunks are the
-- tail and are searched from `embeddings`.
CREATE TABLE generations (
    generation   INTEGER PRIMARY KEY AUTOINCREMENT,
    file         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    size         INTEGER NOT NULL,  -- bytes
    vector_count INTEGER NOT NULL,
    max_chunk_id INTEGER NOT NULL,
    created      TEXT NOT NULL
);

-- Chunks that the FAISS file still holds and that exist no more.
CREATE TABLE deleted_chunks (
    chunk_id INTEGER PRIMARY KEY
);
CREATE TRIGGER remember_deleted_chunk AFTER DELETE ON chunks
WHEN old.chunk_id <= (SELECT coalesce(max(max_chunk_id), 0) FROM generations)
BEGIN
    INSERT OR IGNORE INTO deleted_chunks VALUES (old.chunk_id);
END;
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to ``SCHEMA_VERSION``; each migration and the note of it are one transaction. From now on the
    connection has the functions that the triggers call.

    Raises:
        IndexFormatError: the database was written by a newer searchkit.
        IndexDamagedError: it is not one of ours.
    """
    version = check_version(connection)
    register_words(connection)
    register_checksums(connection)
    if version == SCHEMA_VERSION:
        _renew_words(connection)
        return
    from sqlite_utils import Database, Migrations

    steps = Migrations("searchkit")

    @steps(name="0001 tables")
    def tables(db: Database) -> None:
        for statement in _statements(TABLES):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")

    @steps(name="0002 words")
    def words(db: Database) -> None:
        make_lexical_index(db.conn)
        db.execute("PRAGMA user_version = 2")

    @steps(name="0003 checksums")
    def checksums(db: Database) -> None:
        for statement in checksum_statements(3):
            db.execute(statement)
        db.execute("PRAGMA user_version = 3")

    @steps(name="0004 topics")
    def topics(db: Database) -> None:
        for statement in TOPIC_TABLES:
            db.execute(statement)
        db.execute("PRAGMA user_version = 4")

    @steps(name="0005 checksums of topics")
    def topic_checksums(db: Database) -> None:
        for statement in checksum_statements(5):
            db.execute(statement)
        db.execute("PRAGMA user_version = 5")

    @steps(name="0006 judgements")
    def judgements(db: Database) -> None:
        for statement in (JUDGEMENT_TABLE, *checksum_statements(6)):
            db.execute(statement)
        db.execute("PRAGMA user_version = 6")

    database = Database(connection)
    with database.atomic():  # a table and its index, which would otherwise be two commits
        steps.ensure_migrations_table(database)
    steps.apply(database)
    _renew_words(connection)


def _renew_words(connection: sqlite3.Connection) -> None:
    """Another analysis would forget other words than were indexed, so it begins with words of its own."""
    if not is_current(connection):
        connection.execute("BEGIN IMMEDIATE")
        with connection:  # commits, or rolls back
            make_lexical_index(connection)


def check_version(connection: sqlite3.Connection) -> int:
    """The schema version found; 0 for an empty database."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    identity = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if version == 0 and identity == 0 and _is_empty(connection):
        return 0
    if identity != APPLICATION_ID:
        raise IndexDamagedError("searchkit.db is a database of another program", hint="choose another --index")
    if version > SCHEMA_VERSION:
        raise IndexFormatError(
            f"the index has format {version}, this searchkit reads up to {SCHEMA_VERSION}",
            hint="install a newer searchkit",
        )
    if version < SCHEMA_VERSION and version != migrations_done(connection):
        raise IndexDamagedError(f"searchkit.db says that it has format {version}, and has another")
    return version


def migrations_done(connection: sqlite3.Connection) -> int:
    """How many steps the tables have come; tells the same as the version, at another place of the file."""
    return int(connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0])


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing of anybody's; a first run that was killed may have made the list of migrations."""
    tables = "SELECT count(*) FROM sqlite_master WHERE tbl_name NOT LIKE '!_sqlite!_%' ESCAPE '!'"
    return int(connection.execute(tables).fetchone()[0]) == 0


def _statements(script: str) -> list[str]:
    """The statements of a script, so that they can share one transaction (``executescript`` would commit it)."""
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
