"""Vectors, and the record of the file that holds most of them a second time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from searchkit.store.writing.settings import SettingsWriter

if TYPE_CHECKING:
    from searchkit.store.rows import StoredSettings


class VectorWriter(SettingsWriter):
    """The part of `StoreWriter` for vectors."""

    def next_generation(self) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'generations'").fetchone()
        return 1 if row is None else int(row[0]) + 1

    def set_generation(
        self, generation: int, *, file: str, kind: str, sha256: str, size: int, vector_count: int
    ) -> None:
        """Point readers at a FAISS file that holds every chunk there is."""
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.clear_generation()
        self._connection.execute(
            "INSERT INTO generations (generation, file, kind, sha256, size, vector_count, max_chunk_id, created) "
            "SELECT ?, ?, ?, ?, ?, ?, coalesce(max(chunk_id), 0), ? FROM chunks",
            [generation, file, kind, sha256, size, vector_count, created],
        )

    def clear_generation(self) -> None:
        """No FAISS file is valid any more; every chunk is tail."""
        self._connection.execute("DELETE FROM generations")
        self._connection.execute("DELETE FROM deleted_chunks")

    def put_vectors(self, vectors: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Give chunks that exist another vector: chunk id, vector, hash of the passage it was made from."""
        for chunk_id, vector, passage_hash in vectors:
            put = "INSERT OR REPLACE INTO embeddings (chunk_id, vector) VALUES (?, ?)"
            self._connection.execute(put, [chunk_id, vector])
            note = "UPDATE chunks SET passage_hash = ?1 WHERE chunk_id = ?2 AND passage_hash <> ?1"
            self._connection.execute(note, [passage_hash, chunk_id])

    # --- another encoder

    def stage_vectors(self, vectors: Iterable[tuple[int, bytes]]) -> None:
        """Keep vectors of a new encoder beside the ones in use."""
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS next_embeddings (chunk_id INTEGER PRIMARY KEY, vector BLOB NOT NULL)"
        )
        self._connection.executemany("INSERT OR REPLACE INTO next_embeddings VALUES (?, ?)", vectors)

    def drop_staged_vectors(self) -> None:
        self._connection.execute("DROP TABLE IF EXISTS next_embeddings")

    def promote_staged_vectors(self, settings: StoredSettings) -> None:
        """Put the staged vectors in the place of the old ones, with the encoder that made them."""
        self._connection.execute(
            "UPDATE embeddings SET vector = "
            "(SELECT n.vector FROM next_embeddings n WHERE n.chunk_id = embeddings.chunk_id)"
        )
        self.drop_staged_vectors()
        self.clear_generation()
        self.save_settings(settings)
