"""Shards as `SearchEngine.index_encoded` takes them: documents with their chunks and stored vectors, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from searchkit.documents import ReadOptions, WalkOptions
from searchkit.scale.manifest import options_of
from searchkit.scale.place import is_url
from searchkit.scale.shards import ShardRow, Shards
from searchkit.search.indexing.intake import EncodedDocument, EncodedFile
from searchkit.store import VECTOR_DTYPE, NewChunk, NewDocument, StoredSettings
from searchkit.types import Chunk, Document


class ShardCorpus:
    """The documents of a folder of shards; see `searchkit.search.indexing.intake.EncodedCorpus`."""

    def __init__(self, shards: Shards) -> None:
        recipe = shards.manifest.recipe
        self._shards = shards
        self.name = str(shards.place)
        self.digest = recipe.digest()
        self.settings = StoredSettings(**{field.name: getattr(recipe, field.name) for field in fields(StoredSettings)})
        self.walk, self.read = options_of(WalkOptions, recipe.walking), options_of(ReadOptions, recipe.reading)
        self.chunks = shards.manifest.counts.passages

    def files(self) -> Iterator[EncodedFile]:
        for row in self._shards.files():
            location = "" if is_url(row.location) else row.location
            yield EncodedFile(row.path, location, row.prefix, row.size, row.modified, row.content_hash, row.reason)

    def documents(self, first_chunk: int) -> Iterator[EncodedDocument]:
        rows: list[tuple[ShardRow, bytes]] = []
        for batch in self._shards.batches(first_chunk):
            vectors = np.ascontiguousarray(batch.vectors.astype(VECTOR_DTYPE))
            for row, vector in zip(batch.rows, vectors, strict=True):
                if row.position == 0 and rows:
                    yield _document(rows)
                    rows = []
                rows.append((row, vector.tobytes()))
        if rows:
            yield _document(rows)


def _document(rows: Sequence[tuple[ShardRow, bytes]]) -> EncodedDocument:
    first = rows[0][0]
    document = Document(
        first.doc_id, "", title=first.title, metadata=first.metadata, lines_are_source=first.lines_are_source
    )
    chunks = (NewChunk(_chunk(row), row.passage_hash, vector) for row, vector in rows)
    return EncodedDocument(first.path, NewDocument(document, tuple(chunks)))


def _chunk(row: ShardRow) -> Chunk:
    return Chunk(row.text, row.start, row.end, row.line_start, row.line_end, row.heading_path, row.page)
