"""Looking for damage in ``searchkit.db``: what SQLite itself can find, and what only we know of our tables.

Everything is read in one transaction, so a writer beside disturbs nothing, and nothing is changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.store.checksums import CHECKED, CHECKED_SINCE, row_checksum, vector_checksum
from searchkit.store.connection import connect_reader, read_only_address, transaction, translated
from searchkit.store.lexical.audit import lexical_differences
from searchkit.store.lexical.tables import is_current
from searchkit.store.reader import StoreReader
from searchkit.store.schema import SCHEMA_VERSION, migrate, migrations_done

if TYPE_CHECKING:
    from searchkit.types import Ids

MOST_FINDINGS = 100  # of SQLite's; more tell nothing new
_NOT_COMPARED = ("sqlite_sequence", "sqlite_stat1", "sqlite_stat4", "next_embeddings")  # there or not, as it comes
_CONSTANT = {20: b"\0", 21: b"\x40\x20\x20", 52: bytes(4), 56: b"\0\0\0\1", 64: bytes(4), 72: bytes(20)}  # by place
_COMMENT = re.compile(r"--[^\n]*")
_REFERENCED = re.compile(r"(REFERENCES \w+) \(\w+\)")  # an older searchkit left out the column: the key
_DOCUMENT_OF = {
    "chunks": "SELECT doc_id FROM documents WHERE document_id = :second",
    "embeddings": "SELECT doc_id FROM documents JOIN chunks USING (document_id) WHERE chunk_id = :key",
    "documents": "SELECT doc_id FROM documents WHERE document_id = :key",
    "sources": "SELECT path FROM sources WHERE source_id = :key",
}


class StoreAudit:
    """One committed state of a database, to be examined. Errors of SQLite come out as ours.

    Attributes:
        read: for everything that needs no suspicion.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `opened`."""
        self._connection, self._path = connection, path
        self.read = StoreReader(path, connection)

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[StoreAudit]:
        """The state of this moment.

        Raises:
            IndexDamagedError: it is no database of ours, or SQLite cannot read it.
            IndexFormatError: a newer searchkit wrote it.
        """
        connection = connect_reader(path)
        try:
            connection.text_factory = _lenient
            connection.execute("PRAGMA cell_size_check = ON")
            with translated(path), transaction(connection):
                yield cls(connection, path)
        finally:
            connection.close()

    def version(self) -> int:
        """Of the schema; below ``SCHEMA_VERSION`` until somebody writes to the index."""
        return int(self._one("PRAGMA user_version"))

    def header(self) -> list[str]:
        """Bytes of the file's header that SQLite would take for something else than we wrote, without a complaint.

        A writer version that SQLite does not know, for one, makes the database read-only.
        """
        with self._path.open("rb") as file:
            header = file.read(100)
        is_ours = header[18:20] in (b"\1\1", b"\2\2") and _at(header) == _CONSTANT
        return [] if is_ours else ["the header of the file was altered"]

    def pages(self, *, deep: bool) -> list[str]:
        """What SQLite finds wrong with its pages; ``deep`` also compares every index with its table."""
        check = "integrity_check" if deep else "quick_check"
        lines = [str(row[0]) for row in self._all(f"PRAGMA {check}({MOST_FINDINGS})")]
        return [line for line in lines if line != "ok"]

    def foreign_keys(self) -> list[str]:
        """Rows that belong to nothing."""
        rows = self._all("PRAGMA foreign_key_check")[:MOST_FINDINGS]
        return [
            f"row {number} of {table} belongs to a row of {parent} that is missing" for table, number, parent, _ in rows
        ]

    def schema(self) -> list[str]:
        """Where tables, indexes and triggers are not those of a new database; nothing is known of older versions."""
        if self.version() < SCHEMA_VERSION:
            return []
        with translated(self._path):
            expected, found = _new_schema(), _schema_of(self._connection)
        wrong = [f"the {name} is missing" for name in expected.keys() - found.keys()]
        wrong += [f"the {name} is not ours" for name in found.keys() - expected.keys()]
        wrong += [f"the {name} was altered" for name in expected.keys() & found.keys() if expected[name] != found[name]]
        return sorted(wrong)

    def altered_rows(self, table: str) -> Iterator[tuple[int | str, str | None]]:
        """Keys of rows that are not as they were written, each with the name of its document or file, if it has one.

        Nothing for a database that has no checksums yet.
        """
        if self.version() < CHECKED_SINCE[table]:
            return
        checksum = vector_checksum if table == "embeddings" else row_checksum
        with translated(self._path):
            rows = self._connection.execute(f"SELECT {', '.join(CHECKED[table])}, checksum FROM {table}")
            for *values, expected in rows:
                if not _is_right(checksum, values, expected):
                    yield values[0], self._document_of(table, values)

    def chunks_without_vector(self) -> Ids:
        return self._ids("SELECT chunk_id FROM chunks EXCEPT SELECT chunk_id FROM embeddings ORDER BY 1")

    def deleted_chunks_that_exist(self) -> Ids:
        return self._ids("SELECT chunk_id FROM deleted_chunks INTERSECT SELECT chunk_id FROM chunks ORDER BY 1")

    def chunk_ids(self, *, up_to: int) -> Ids:
        """Ascending."""
        return self._ids("SELECT chunk_id FROM chunks WHERE chunk_id <= ? ORDER BY chunk_id", up_to)

    def incomplete_documents(self) -> list[str]:
        """Names of documents whose chunks are not numbered from 0 without a gap."""
        return self._names(
            "SELECT doc_id FROM documents JOIN (SELECT document_id FROM chunks GROUP BY document_id "
            "HAVING min(position) <> 0 OR max(position) <> count(*) - 1) USING (document_id) ORDER BY 1"
        )

    def unreadable_documents(self) -> list[str]:
        """Names of documents with metadata or headings that are no JSON."""
        return self._names(
            "SELECT doc_id FROM documents WHERE NOT json_valid(metadata) UNION SELECT doc_id FROM documents "
            "JOIN chunks USING (document_id) WHERE NOT json_valid(heading_path) ORDER BY 1"
        )

    def fields_not_listed(self) -> list[str]:
        """Names in the metadata of documents that filters are not told of."""
        return self._names(
            "SELECT DISTINCT key FROM documents, json_each(iif(json_valid(metadata), metadata, '{}')) "
            "EXCEPT SELECT name FROM metadata_fields ORDER BY 1"
        )

    def reused_ids(self) -> list[str]:
        """Tables that would give an id a second time."""
        keys = {"chunks": "chunk_id", "documents": "document_id", "generations": "generation"}
        given = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)"
        return [
            table
            for table, key in keys.items()
            if self._one(given, table) < self._one(f"SELECT coalesce(max({key}), 0) FROM {table}")
        ]

    def lexical(self) -> list[str]:
        """Where the words are not those of the chunks; nothing is known of words that another analysis made."""
        with translated(self._path):
            return list(lexical_differences(self._connection)) if is_current(self._connection) else []

    def vector_blobs(self, *, batch: int = 4096) -> Iterator[list[tuple[int, object]]]:
        """Chunk ids, ascending, with their vectors as they are stored, whole or not."""
        with translated(self._path):
            cursor = self._connection.execute("SELECT chunk_id, vector FROM embeddings ORDER BY chunk_id")
            while rows := cursor.fetchmany(batch):
                yield rows

    def documents_of(self, ids: Ids) -> list[str]:
        """Names of the documents that chunks belong to, as far as they have one."""
        wanted = "[" + ",".join(map(str, ids.tolist())) + "]"
        return self._names(
            "SELECT DISTINCT doc_id FROM documents JOIN chunks USING (document_id) "
            "WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY 1",
            wanted,
        )

    def _document_of(self, table: str, values: list[Any]) -> str | None:
        if table not in _DOCUMENT_OF:
            return None
        row = self._connection.execute(_DOCUMENT_OF[table], {"key": values[0], "second": values[1]}).fetchone()
        return None if row is None else str(row[0])

    def _names(self, sql: str, *parameters: object) -> list[str]:
        return [str(row[0]) for row in self._all(sql, *parameters)]

    def _one(self, sql: str, *parameters: object) -> int:
        return int(self._all(sql, *parameters)[0][0])

    def _all(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return self._connection.execute(sql, parameters).fetchall()

    def _ids(self, sql: str, *parameters: object) -> Ids:
        return np.array([row[0] for row in self._all(sql, *parameters)], dtype=np.int64)


def says_newer_by_mistake(path: Path) -> bool:
    """Whether a database that says it has a newer format has tables that came no farther than ours."""
    try:
        with closing(sqlite3.connect(read_only_address(path.absolute()), uri=True)) as connection:
            return migrations_done(connection) <= SCHEMA_VERSION
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # the second where SQLite quotes what is damaged
        return False


def _at(header: bytes) -> Mapping[int, bytes]:
    return {place: header[place : place + len(expected)] for place, expected in _CONSTANT.items()}


def _lenient(data: bytes) -> str:
    """Text as it is, also where a flipped bit made it no UTF-8."""
    return data.decode("utf-8", "surrogateescape")


def _is_right(checksum: Any, values: list[Any], expected: object) -> bool:
    try:
        return bool(checksum(*values) == expected)
    except (TypeError, ValueError):  # a vector that is no blob
        return False


def _new_schema() -> dict[str, str]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection)
        return _schema_of(connection)
    finally:
        connection.close()


def _schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """The SQL that made each table, index and trigger, without comments and spacing, by its name."""
    rows = connection.execute(  # of the list of migrations, which sqlite-utils makes as it likes, that it is there
        "SELECT type, name, iif(tbl_name = '_sqlite_migrations', '', sql) FROM sqlite_master "
        "WHERE sql IS NOT NULL AND (type = 'table' OR tbl_name <> '_sqlite_migrations')"
    )
    return {
        f"{kind} {name}": " ".join(_REFERENCED.sub(r"\1", _COMMENT.sub("", sql)).split())
        for kind, name, sql in rows
        if name not in _NOT_COMPARED
    }
