"""All that an index knows of its chunks, in the order of their ids, for whoever serves them from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from searchkit.store.lexical.bm25 import Size, read_size
from searchkit.store.lexical.tables import indexed_headings
from searchkit.store.lexical.words import indexed_words
from searchkit.store.reader import StoreReader
from searchkit.store.reading.chunks import CHUNKS_JOINED

if TYPE_CHECKING:
    from searchkit.store.rows import ChunkRow
    from searchkit.types import HalfRows


@dataclass(frozen=True, slots=True, eq=False)
class ExportedChunk:
    """A chunk with its file and its vector.

    Attributes:
        row: what a hit shows.
        position: 0 for the first of its document.
        source_id: of its file; None for a document from memory, as are size (bytes) and modified (ISO 8601, UTC).
        opens_source: whether it has the smallest id among the chunks of its file.
        words: as the lexical index takes them: title, headings and text, a line each.
        vector: (D,) float16.
    """

    row: ChunkRow
    position: int
    source_id: int | None
    size: int | None
    modified: str | None
    opens_source: bool
    words: str
    vector: HalfRows


class Exporter:
    """Reads chunks in the snapshot that another reader has."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader, self._connection = reader, reader._connection

    def size(self) -> Size:
        """How many chunks the lexical index counts, and how many words they have on average."""
        return read_size(self._connection) if self._reader.has_lexical() else Size(self._reader.counts().chunks, 1.0)

    def blocks(self, size: int) -> Iterator[list[ExportedChunk]]:
        """All chunks by ascending id, ``size`` at a time.

        Raises:
            IndexDamagedError: a row is not as it was written.
        """
        openers = self._openers()
        rows = self._reader.iter_chunks()
        while block := list(islice(rows, size)):
            yield self._with_files(block, openers)

    def _with_files(self, block: list[ChunkRow], openers: set[int]) -> list[ExportedChunk]:
        ids = np.array([row.chunk_id for row in block], dtype=np.int64)
        vectors = self._reader.vectors(ids)
        found = self._connection.execute(
            f"SELECT c.chunk_id, c.position, d.source_id, s.size, s.modified FROM {CHUNKS_JOINED} "
            "WHERE c.chunk_id IN (SELECT value FROM json_each(?))",
            [json.dumps(ids.tolist())],
        )
        files = {chunk_id: rest for chunk_id, *rest in found}
        chunks = []
        for row, vector in zip(block, vectors, strict=True):
            position, source_id, size, modified = files[row.chunk_id]
            opens = row.chunk_id in openers
            chunks.append(ExportedChunk(row, position, source_id, size, modified, opens, words_of(row), vector))
        return chunks

    def _openers(self) -> set[int]:
        """The first chunk of each file."""
        found = self._connection.execute(
            f"SELECT min(c.chunk_id) FROM {CHUNKS_JOINED} WHERE d.source_id IS NOT NULL GROUP BY d.source_id"
        )
        return {chunk_id for (chunk_id,) in found}


def words_of(row: ChunkRow) -> str:
    """The words of a chunk as the lexical index takes them, see `ExportedChunk`."""
    headings = indexed_headings(row.title, json.dumps(row.heading_path, ensure_ascii=False))
    return "\n".join((indexed_words(row.title), headings, indexed_words(row.text)))
