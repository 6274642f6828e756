"""Chunks: by id, by document, by filter."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import IndexDamagedError
from searchkit.store.connection import MEND
from searchkit.store.filters.recent import lasts
from searchkit.store.reading.base import TableReader, altered
from searchkit.store.rows import ChunkRow

if TYPE_CHECKING:
    from searchkit.store.filters.recent import RecentFilters
    from searchkit.store.filters.where import SqlCondition
    from searchkit.types import Ids

CHUNKS_JOINED = "chunks c JOIN documents d USING (document_id) LEFT JOIN sources s USING (source_id)"
CHUNK_COLUMNS = """
    c.chunk_id, c.document_id, d.doc_id, s.path, d.title, d.metadata, d.lines_are_source,
    c.text, c.heading_path, c.start, c."end", c.line_start, c.line_end, c.page"""
NAMED = "(d.doc_id = ? OR d.source_id = (SELECT source_id FROM sources WHERE path = ?))"  # by two indexes, not a scan


class ChunkReader(TableReader):
    """The part of `StoreReader` for chunks."""

    _recent: RecentFilters | None = None  # what filters let through, for a reader that remembers it

    def chunk_ids(self) -> Ids:
        """All chunks, ascending."""
        return self._find_allowed(None, None)

    def allowed_ids(self, condition: SqlCondition | None, path_matches: Callable[[str], bool] | None) -> Ids:
        """The chunks that a filter lets through, ascending; (M,) int64, not to be written to."""
        if self._recent is None:
            return self._find_allowed(condition, path_matches)
        return self._recent.of(
            (condition, path_matches),
            lambda after: self._find_allowed(condition, path_matches, after=after),
            lasting=lasts(condition),
        )

    def _find_allowed(
        self, condition: SqlCondition | None, path_matches: Callable[[str], bool] | None, *, after: int = 0
    ) -> Ids:
        """Each document above a number is asked once, however many chunks it has."""
        clauses: list[str] = ["d.document_id > ?"]
        parameters: list[object] = [after]
        if condition is not None:
            clauses.append(f"({condition.sql})")
            parameters.extend(condition.parameters)
        if path_matches is not None:
            clauses.append("d.source_id IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps([number for number, path in self._paths(after) if path_matches(path)]))
        return self._ids(
            "SELECT chunk_id FROM chunks WHERE document_id IN (SELECT document_id FROM documents d "
            f"LEFT JOIN sources s USING (source_id) WHERE {' AND '.join(clauses)}) ORDER BY chunk_id",
            *parameters,
        )

    def _paths(self, after: int) -> Iterator[tuple[int, str]]:
        """The files of the documents above a number, each with its own."""
        some = "WHERE source_id IN (SELECT source_id FROM documents WHERE document_id > ?)" if after else ""
        return self._connection.execute(f"SELECT source_id, path FROM sources {some}", [after] if after else [])

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]:
        """The chunks by id. Every id must exist."""
        wanted = json.dumps(ids.tolist())
        rows = {row.chunk_id: row for row in self._chunks("c.chunk_id IN (SELECT value FROM json_each(?))", wanted)}
        _check_all_found(ids, rows)
        return rows

    def document_numbers(self, ids: Ids) -> Ids:
        """The ``document_id`` of each of the chunks ``ids`` (N,), in that order. Every id must exist."""
        found = dict(
            self._connection.execute(
                "SELECT chunk_id, document_id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))",
                [json.dumps(ids.tolist())],
            )
        )
        _check_all_found(ids, found)
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
        source = f"(s.source_id IS NULL OR {self._sound('sources', 's.')})"
        sound = f"{self._sound('chunks', 'c.')} AND {self._sound('documents', 'd.')} AND {source}"
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


def _check_all_found(ids: Ids, found: Container[int]) -> None:
    missing = next((chunk_id for chunk_id in ids.tolist() if chunk_id not in found), None)
    if missing is not None:
        raise IndexDamagedError(f"chunk {missing} is not where it ought to be", hint=MEND)


def _chunk_row(row: Sequence[Any]) -> ChunkRow:
    values = list(row)
    values[5] = json.loads(values[5])  # metadata
    values[6] = bool(values[6])  # lines_are_source
    values[8] = tuple(json.loads(values[8]))  # heading_path
    return ChunkRow(*values)
