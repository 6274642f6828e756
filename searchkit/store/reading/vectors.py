"""Vectors as they are stored, and the record of the file that holds most of them a second time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexDamagedError
from searchkit.store.checksums import vector_checksum
from searchkit.store.connection import MEND
from searchkit.store.reading.base import TableReader, altered
from searchkit.store.rows import GenerationRow

if TYPE_CHECKING:
    from searchkit.types import HalfRows, Ids

VECTOR_DTYPE = "<f2"
MAX_CHUNK_ID = 2**63 - 1


class VectorReader(TableReader):
    """The part of `StoreReader` for vectors."""

    def generation(self) -> GenerationRow | None:
        row = self._connection.execute(
            "SELECT generation, file, kind, sha256, size, vector_count, max_chunk_id, "
            f"{self._sound('generations')} FROM generations"
        ).fetchone()
        if row is None:
            return None
        *values, is_sound = row
        if not is_sound:
            raise altered("the record of the vectors file")
        return GenerationRow(*values)

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
        return f"chunk_id, vector, {'checksum' if self._is_checked('embeddings') else 'NULL'}"

    def _is_unaltered(self, chunk_id: int, vector: object, checksum: int | None) -> bool:
        if not self._is_checked("embeddings"):
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
