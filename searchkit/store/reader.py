"""Reading the database. Every method reads the snapshot of the transaction it is called in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import IndexDamagedError
from searchkit.store.checksums import checksum_of, vector_checksum
from searchkit.store.connection import MEND, connect_reader, is_frozen, transaction, translated
from searchkit.store.filters.recent import RecentFilters
from searchkit.store.lexical.search import LexicalReader
from searchkit.store.rows import (
    ChunkRow,
    Counts,
    DocumentRow,
    GenerationRow,
    Root,
    SourceInfo,
    SourceRow,
    StoredSettings,
)

if TYPE_CHECKING:
    from searchkit.store.filters.where import SqlCondition
    from searchkit.store.lexical.query import LexicalQuery
    from searchkit.types import HalfRows, Ids, Scores

VECTOR_DTYPE = "<f2"
MAX_CHUNK_ID = 2**63 - 1

CHUNKS_JOINED = "chunks c JOIN documents d USING (document_id) LEFT JOIN sources s USING (source_id)"
CHUNK_COLUMNS = """
    c.chunk_id, c.document_id, d.doc_id, s.path, d.title, d.metadata, d.lines_are_source,
    c.text, c.heading_path, c.start, c."end", c.line_start, c.line_end, c.page"""
CHUNK_IS_SOUND = (
    f"c.checksum IS {checksum_of('chunks', 'c.')} AND d.checksum IS {checksum_of('documents', 'd.')} "
    f"AND (s.source_id IS NULL OR s.checksum IS {checksum_of('sources', 's.')})"
)
NAMED = "(d.doc_id = ? OR d.source_id = (SELECT source_id FROM sources WHERE path = ?))"  # by two indexes, not a scan
SOURCE_COLUMNS = "source_id, root_id, path, size, mtime_ns, content_hash, options_digest, status, reason FROM sources"


class StoreReader:
    """A read-only view of the database, for one thread at a time.

    >>> with reader.snapshot():          # doctest: +SKIP
    ...     reader.counts()
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_frozen = is_frozen(path)  # whether it may not see what is committed from now on
        self._connection = connect_reader(path)
        self._is_checked = has_checksums(self._connection)
        self._lexical = LexicalReader(self._connection)
        self._recent: RecentFilters | None = RecentFilters(self._connection)

    @classmethod
    def over(cls, connection: sqlite3.Connection, path: Path) -> StoreReader:
        """A reader on an open connection, for the writer that reads what it has not yet committed."""
        reader = cls.__new__(cls)
        reader._path, reader.is_frozen, reader._connection = path, False, connection
        reader._is_checked = has_checksums(connection)
        reader._lexical = LexicalReader(connection)
        reader._recent = None  # its own changes come between
        return reader

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[StoreReader]:
        """One committed state for all reads within; SQLite's errors come out as ours."""
        with translated(self._path), transaction(self._connection):
            yield self

    # --- the whole index

    def revision(self) -> int:
        """Grows with every committed change. Where it begins is drawn, so that an index made anew has others."""
        return int(self._setting("revision"))

    def identity(self) -> str | None:
        """Tells this index from one that was made anew in its place; None before the first change."""
        value = self._setting("identity", default=None)
        return None if value is None else str(value)

    def updated(self) -> str | None:
        """When the last change was committed (ISO 8601, UTC)."""
        value = self._setting("updated", default=None)
        return None if value is None else str(value)

    def settings(self) -> StoredSettings:
        values = {field.name: self._setting(field.name) for field in fields(StoredSettings)}
        return StoredSettings(**values)

    def calibration(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_calibration` kept; None before."""
        values = self._setting("calibration", default=None)
        return values if isinstance(values, dict) else None

    def index_plan(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_index_plan` kept; None before."""
        values = self._setting("index_plan", default=None)
        return values if isinstance(values, dict) else None

    def manners(self) -> dict[str, Any]:
        """What `StoreWriter.save_manners` kept, by the number of the root."""
        values = self._setting("manners", default=None)
        return values if isinstance(values, dict) else {}

    def intake(self) -> dict[str, Any] | None:
        """What `StoreWriter.save_intake` kept; None in an index that was not made of shards."""
        values = self._setting("intake", default=None)
        return values if isinstance(values, dict) else None

    def known_settings(self) -> dict[str, Any]:
        """The settings that are there and as they were written, whatever else is lost."""
        sound = checksum_of("settings")
        rows = self._connection.execute(f"SELECT name, value FROM settings WHERE checksum IS {sound}")
        return {name: json.loads(value) for name, value in rows}

    def _setting(self, name: str, **default: object) -> Any:
        sound = f"checksum IS {checksum_of('settings')}" if self._is_checked else "1"
        row = self._connection.execute(f"SELECT value, {sound} FROM settings WHERE name = ?", [name]).fetchone()
        if row is None:
            if "default" in default:
                return default["default"]
            raise IndexDamagedError(
                f"{self._path.name} lacks its setting {name!r}", hint="index again: searchkit index FOLDER"
            )
        if not row[1]:
            raise altered(f"setting {name!r}")
        return json.loads(row[0])

    def counts(self) -> Counts:
        one = self._scalar
        covered = one("SELECT coalesce(max(max_chunk_id), 0) FROM generations")
        return Counts(
            sources=one("SELECT count(*) FROM sources WHERE status = 'indexed'"),
            refused=one("SELECT count(*) FROM sources WHERE status = 'refused'"),
            documents=one("SELECT count(*) FROM documents"),
            chunks=one("SELECT count(*) FROM chunks"),
            tail=one("SELECT count(*) FROM chunks WHERE chunk_id > ?", covered),
            deleted=one("SELECT count(*) FROM deleted_chunks"),
        )

    def generation(self) -> GenerationRow | None:
        sound = f"checksum IS {checksum_of('generations')}" if self._is_checked else "1"
        row = self._connection.execute(
            f"SELECT generation, file, kind, sha256, size, vector_count, max_chunk_id, {sound} FROM generations"
        ).fetchone()
        if row is None:
            return None
        *values, is_sound = row
        if not is_sound:
            raise altered("the record of the vectors file")
        return GenerationRow(*values)

    def metadata_fields(self) -> list[str]:
        return [name for (name,) in self._connection.execute("SELECT name FROM metadata_fields ORDER BY name")]

    def roots(self) -> list[Root]:
        rows = self._connection.execute("SELECT root_id, prefix, location FROM roots ORDER BY prefix")
        return [Root(*row) for row in rows]

    # --- vectors

    def vectors(self, ids: Ids) -> HalfRows:
        """The stored vectors of ``ids`` (N,) in that order, float16 (N, D). Every id must exist."""
        rows = self._connection.execute(
            f"SELECT {self._vector_columns} FROM embeddings WHERE chunk_id IN (SELECT value FROM json_each(?))",
            [json.dumps(ids.tolist())],
        )
        blobs = {row[0]: row for row in rows}
        missing = [chunk_id for chunk_id in ids.tolist() if chunk_id not in blobs]
        if missing:
            raise IndexDamagedError(f"chunk {missing[0]} has no embedding", hint=MEND)
        return self._decoded([blobs[chunk_id] for chunk_id in ids.tolist()])

    def iter_vectors(
        self, *, after: int = 0, up_to: int = MAX_CHUNK_ID, batch: int = 8192
    ) -> Iterator[tuple[Ids, HalfRows]]:
        """Vectors of the chunks above ``after`` by ascending id: (ids (N,), float16 rows (N, D)) a batch."""
        cursor = self._connection.execute(
            f"SELECT {self._vector_columns} FROM embeddings WHERE chunk_id > ? AND chunk_id <= ? ORDER BY chunk_id",
            [after, up_to],
        )
        while rows := cursor.fetchmany(batch):
            yield np.array([row[0] for row in rows], dtype=np.int64), self._decoded(rows)

    def deleted_ids(self) -> Ids:
        """Chunks that the FAISS file holds and the database no more, ascending."""
        return self._ids("SELECT chunk_id FROM deleted_chunks ORDER BY chunk_id")

    def known_vectors(self, passage_hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """Stored vectors by the hash of their passage, so that an equal passage is not encoded again."""
        known: dict[bytes, bytes] = {}
        query = (
            f"SELECT {self._vector_columns} FROM embeddings WHERE chunk_id = "
            "(SELECT chunk_id FROM chunks WHERE passage_hash = ? LIMIT 1)"
        )
        for passage_hash in passage_hashes:
            row = self._connection.execute(query, [passage_hash]).fetchone()
            if row is not None and self._is_unaltered(*row):  # else it is better made anew
                known[passage_hash] = row[1]
        return known

    @property
    def _vector_columns(self) -> str:
        return "chunk_id, vector, checksum" if self._is_checked else "chunk_id, vector, NULL"

    def _is_unaltered(self, chunk_id: int, vector: object, checksum: int | None) -> bool:
        if not self._is_checked:
            return True
        return isinstance(vector, bytes) and vector_checksum(chunk_id, vector) == checksum

    def _decoded(self, rows: list[tuple[int, bytes, int | None]]) -> HalfRows:
        for row in rows:
            if not self._is_unaltered(*row):
                raise altered(f"the vector of chunk {row[0]}")
        blobs = [row[1] for row in rows]
        width = len(blobs[0]) if blobs else 0
        if any(len(blob) != width for blob in blobs) or width % 2:
            raise IndexDamagedError("embeddings of different lengths in one index", hint=MEND)
        return np.frombuffer(b"".join(blobs), dtype=VECTOR_DTYPE).reshape(len(blobs), width // 2)

    # --- words

    def has_lexical(self) -> bool:
        """Whether words can be looked up; not so in an index of an older searchkit until somebody writes to it."""
        return self._lexical.exists()

    def lexical_nearest(self, query: LexicalQuery, k: int, allowed: Ids | None = None) -> tuple[Scores, Ids]:
        """The ``k`` chunks that answer the words of a query best, among those allowed: BM25 (n,), ids (n,)."""
        return self._lexical.nearest(query, k, allowed)

    def lexical_scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        """BM25 of the chunks ``ids`` (N,) in that order, 0 where nothing matches."""
        return self._lexical.scores(query, ids)

    def lexical_most(self, query: LexicalQuery) -> float:
        """What no chunk's BM25 for the query reaches."""
        return self._lexical.most(query)

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        """The terms of the query that occur in each chunk, as the person wrote them."""
        return self._lexical.matched_terms(query, ids)

    # --- chunks and documents

    def chunk_ids(self) -> Ids:
        """All chunks, ascending."""
        return self._find_allowed(None, None)

    def allowed_ids(self, condition: SqlCondition | None, path_matches: Callable[[str], bool] | None) -> Ids:
        """The chunks that a filter lets through, ascending; (M,) int64, not to be written to."""
        if self._recent is None:
            return self._find_allowed(condition, path_matches)
        return self._recent.of((condition, path_matches), lambda: self._find_allowed(condition, path_matches))

    def _find_allowed(self, condition: SqlCondition | None, path_matches: Callable[[str], bool] | None) -> Ids:
        """Each document is asked once, however many chunks it has."""
        clauses: list[str] = ["1"]
        parameters: list[object] = []
        if condition is not None:
            clauses.append(f"({condition.sql})")
            parameters.extend(condition.parameters)
        if path_matches is not None:
            matching = [
                i for i, path in self._connection.execute("SELECT source_id, path FROM sources") if path_matches(path)
            ]
            clauses.append("d.source_id IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps(matching))
        return self._ids(
            "SELECT chunk_id FROM chunks WHERE document_id IN (SELECT document_id FROM documents d "
            f"LEFT JOIN sources s USING (source_id) WHERE {' AND '.join(clauses)}) ORDER BY chunk_id",
            *parameters,
        )

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]:
        """The chunks by id. Every id must exist."""
        wanted = json.dumps(ids.tolist())
        rows = {row.chunk_id: row for row in self._chunks("c.chunk_id IN (SELECT value FROM json_each(?))", wanted)}
        missing = [chunk_id for chunk_id in ids.tolist() if chunk_id not in rows]
        if missing:
            raise IndexDamagedError(f"chunk {missing[0]} is not where it ought to be", hint=MEND)
        return rows

    def document_numbers(self, ids: Ids) -> Ids:
        """The ``document_id`` of each of the chunks ``ids`` (N,), in that order. Every id must exist."""
        found = dict(
            self._connection.execute(
                "SELECT chunk_id, document_id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))",
                [json.dumps(ids.tolist())],
            )
        )
        return np.array([found[chunk_id] for chunk_id in ids.tolist()], dtype=np.int64)

    def chunks_around(self, chunk_id: int, count: int) -> list[ChunkRow]:
        """A chunk with up to ``count`` before and after it in its document, in order; nothing for an unknown one."""
        rows = self._chunks(
            "(c.document_id, c.position) IN (SELECT here.document_id, near.position FROM chunks here "
            "JOIN chunks near USING (document_id) WHERE here.chunk_id = ? "
            "AND near.position BETWEEN here.position - ? AND here.position + ?) ORDER BY c.position",
            chunk_id,
            count,
            count,
        )
        return list(rows)

    def chunks_of(self, doc_id: str) -> list[ChunkRow]:
        return list(self._chunks("d.doc_id = ? ORDER BY c.position", doc_id))

    def iter_chunks(self, *, after: int = 0) -> Iterator[ChunkRow]:
        """The chunks above an id, ascending."""
        return self._chunks("c.chunk_id > ? ORDER BY c.chunk_id", after)

    def _chunks(self, clause: str, *parameters: object) -> Iterator[ChunkRow]:
        sound = CHUNK_IS_SOUND if self._is_checked else "1"
        sql = f"SELECT {CHUNK_COLUMNS}, {sound} FROM {CHUNKS_JOINED} WHERE {clause}"
        for *values, is_sound in self._connection.execute(sql, parameters):
            if not is_sound:
                raise altered(f"chunk {values[0]}, or its document {str(values[2])!r},")
            yield _chunk_row(values)

    def has_chunk(self, chunk_id: int) -> bool:
        return self._scalar("SELECT count(*) FROM chunks WHERE chunk_id = ?", chunk_id) > 0

    def chunk_ids_of(self, name: str) -> Ids:
        """The chunks of a document or of a file, ascending."""
        return self._ids(
            f"SELECT c.chunk_id FROM {CHUNKS_JOINED} WHERE {NAMED} ORDER BY c.chunk_id",
            name,
            name,
        )

    def document_names(self, *, limit: int) -> list[str]:
        """Some names of documents, for a suggestion."""
        return [name for (name,) in self._connection.execute("SELECT doc_id FROM documents LIMIT ?", [limit])]

    def next_text_number(self) -> int:
        """A number from which on ``text-<number>`` names no document and, if it was ours to give, never did."""
        return 1 + self._scalar(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'documents'), 0), "
            "coalesce((SELECT max(CAST(substr(doc_id, 6) AS INTEGER)) FROM documents "
            "WHERE doc_id GLOB 'text-[0-9]*'), 0))"
        )

    def is_taken(self, doc_id: str, *, path: str | None) -> bool:
        """Whether a document of that name is not one of the file ``path``, or, for None, is one of a file."""
        row = self._connection.execute(
            "SELECT s.path FROM documents LEFT JOIN sources s USING (source_id) WHERE doc_id = ?", [doc_id]
        ).fetchone()
        return row is not None and row[0] != path

    def documents(self, name: str) -> list[DocumentRow]:
        """The documents of that name or of that file."""
        rows = self._connection.execute(
            "SELECT document_id, doc_id, s.path, title, metadata, "
            "(SELECT count(*) FROM chunks c WHERE c.document_id = d.document_id) "
            f"FROM documents d LEFT JOIN sources s USING (source_id) WHERE {NAMED} ORDER BY document_id",
            [name, name],
        )
        return [
            DocumentRow(number, doc_id, path, title, json.loads(metadata), chunks)
            for number, doc_id, path, title, metadata, chunks in rows
        ]

    def sources_under(self, root_id: int) -> dict[str, SourceRow]:
        """The files of one root by path."""
        rows = self._connection.execute(f"SELECT {SOURCE_COLUMNS} WHERE root_id = ?", [root_id])
        return {row[2]: SourceRow(*row) for row in rows}

    def source(self, path: str) -> SourceRow | None:
        row = self._connection.execute(f"SELECT {SOURCE_COLUMNS} WHERE path = ?", [path]).fetchone()
        return None if row is None else SourceRow(*row)

    def listing(self) -> Iterator[SourceInfo]:
        rows = self._connection.execute(
            "SELECT s.path, s.size, s.modified, count(DISTINCT d.document_id), count(c.chunk_id), s.status, s.reason "
            "FROM sources s LEFT JOIN documents d USING (source_id) LEFT JOIN chunks c USING (document_id) "
            "GROUP BY s.source_id ORDER BY s.path"
        )
        return (SourceInfo(*row) for row in rows)

    def _scalar(self, sql: str, *parameters: object) -> int:
        return int(self._connection.execute(sql, parameters).fetchone()[0])

    def _ids(self, sql: str, *parameters: object) -> Ids:
        return np.fromiter((row[0] for row in self._connection.execute(sql, parameters)), dtype=np.int64)


def has_checksums(connection: sqlite3.Connection) -> bool:
    """Whether a writer of version 3 has been here; until then nothing can be compared."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) >= 3


def altered(what: str) -> IndexDamagedError:
    """The error for a row that is not what its checksum says."""
    return IndexDamagedError(f"{what} is not as it was written", hint=MEND)


def _chunk_row(row: Sequence[Any]) -> ChunkRow:
    values = list(row)
    values[5] = json.loads(values[5])  # metadata
    values[6] = bool(values[6])  # lines_are_source
    values[8] = tuple(json.loads(values[8]))  # heading_path
    return ChunkRow(*values)
