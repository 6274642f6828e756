"""Shards as they leave for another engine: the rows that an index made from them has, without making one.

Chunks, documents and files are numbered in their order, from 1, as a new index numbers them (see
`searchkit.search.indexing.intake`). The blocks are read each time they are asked for; nothing is kept but what has to
be known of all of them in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import ShardsError
from searchkit.scale.intake import ShardCorpus
from searchkit.scale.manifest import MAKE_ANEW
from searchkit.search.asking.calibration import FEWEST_CHUNKS, calibrate
from searchkit.store import VECTOR_DTYPE, ChunkRow, Counts
from searchkit.store.export import ExportedChunk, words_of
from searchkit.store.lexical.bm25 import Size

if TYPE_CHECKING:
    from searchkit.scale.shards import Shards
    from searchkit.search.encoders import EncoderChoice
    from searchkit.store import NewDocument
    from searchkit.types import HalfRows, Ids


class ShardsOutgoing:
    """What `searchkit.search.outgoing.Outgoing` gives of an index; `counts` of documents and files, `words` and
    `fields` are of the blocks that were read."""

    def __init__(self, shards: Shards, encoder: EncoderChoice) -> None:
        """Get ready.

        Raises:
            EncoderError: the encoder of the shards is not to be had here, or the one that was named is another.
            ShardsError: two documents may have one name; an index would keep the later one.
        """
        self._shards, self._corpus = shards, ShardCorpus(shards)
        self.settings = self._corpus.settings
        self.identity, self.revision = f"shards {self._corpus.digest}", 1
        self.updated: str | None = None  # they bear no time
        self._encoder = encoder.for_index(self.settings)
        self._check_names()
        self._documents = self._words = 0
        self._fields: set[str] = set()

    def counts(self) -> Counts:
        """How many files, documents and chunks there are."""
        known = self._shards.manifest.counts
        return Counts(known.files - known.refused, known.refused, self._documents, known.passages, 0, 0)

    def words(self) -> Size:
        """What BM25 has to know of all chunks."""
        chunks = self._corpus.chunks
        return Size(chunks, self._words / chunks if chunks else 1.0)

    def fields(self) -> list[str]:
        """The names that occur in any document's metadata."""
        return sorted(self._fields)

    def calibration(self) -> dict[str, Any] | None:
        """What a cosine means among these chunks, measured now; None where there are none."""
        found = calibrate(_Sampled(self._shards, self._corpus), self._encoder)
        return None if found is None else asdict(found)

    def keeps_calibration(self) -> bool:
        """Whether an index made from these shards would have it."""
        return self._corpus.chunks >= FEWEST_CHUNKS

    def blocks(self, size: int) -> Iterator[list[ExportedChunk]]:
        """All chunks by ascending id, ``size`` at a time.

        Raises:
            ShardsError: a shard is not as it was written.
        """
        self._documents = self._words = 0
        chunks = self._chunks()
        while block := list(islice(chunks, size)):
            self._words += sum(len(chunk.words.split()) for chunk in block)
            self._fields.update(name for chunk in block for name in chunk.row.metadata)
            self._documents = block[-1].row.document_id
            yield block

    def _chunks(self) -> Iterator[ExportedChunk]:
        files = enumerate(self._corpus.files(), start=1)
        source_id, file = 0, None
        for document in _numbered(self._corpus):
            opens = file is None or file.path != document.path
            while file is None or file.path != document.path:
                source_id, file = next(files, (0, None))
                if file is None:
                    raise ShardsError(
                        f"{self._corpus.name} has documents of {document.path}, which is none of its files",
                        hint=MAKE_ANEW,
                    )
            for position, (row, vector) in enumerate(document.rows()):
                is_first = opens and position == 0
                yield ExportedChunk(row, position, source_id, file.size, file.modified, is_first, words_of(row), vector)

    def _check_names(self) -> None:
        marked = [file.path for file in self._corpus.files() if "#" in file.path]
        bases = {path[:at] for path in marked for at, letter in enumerate(path) if letter == "#"}
        for file in self._corpus.files() if bases else ():
            if file.path in bases:
                raise ShardsError(
                    f"{self._corpus.name} has the file {file.path!r} and one whose name goes on with '#', so their "
                    "documents may have the same names",
                    hint="push an index, which keeps the later ones: searchkit index --from-shards "
                    f"{self._corpus.name}",
                )


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A document with the numbers that an index gives it: its own, and that of its first chunk."""

    document_id: int
    first: int
    path: str
    new: NewDocument

    def rows(self) -> Iterator[tuple[ChunkRow, HalfRows]]:
        """Each chunk with its vector (D,)."""
        document = self.new.document
        for chunk_id, new in enumerate(self.new.chunks, start=self.first):
            row = ChunkRow(
                chunk_id=chunk_id,
                document_id=self.document_id,
                doc_id=document.doc_id,
                path=self.path,
                title=document.title,
                metadata=document.metadata,
                lines_are_source=document.lines_are_source,
                **{name: getattr(new.chunk, name) for name in _OF_CHUNK},
            )
            yield row, np.frombuffer(new.vector, VECTOR_DTYPE)


_OF_CHUNK = ("text", "heading_path", "start", "end", "line_start", "line_end", "page")


def _numbered(corpus: ShardCorpus) -> Iterator[_Numbered]:
    first = 1
    for document_id, document in enumerate(corpus.documents(0), start=1):
        yield _Numbered(document_id, first, document.path, document.document)
        first += len(document.document.chunks)


class _Sampled:
    """Chunks by their ids, as a calibration asks for them. Each new set of ids is looked for among all."""

    def __init__(self, shards: Shards, corpus: ShardCorpus) -> None:
        self._shards, self._corpus = shards, corpus
        self._found: dict[int, tuple[ChunkRow, HalfRows]] = {}

    def chunk_ids(self) -> Ids:
        return np.arange(1, self._corpus.chunks + 1, dtype=np.int64)

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]:
        return {row.chunk_id: row for row, _ in self._of(ids)}

    def vectors(self, ids: Ids) -> HalfRows:
        return np.stack([vector for _, vector in self._of(ids)])

    def document_numbers(self, ids: Ids) -> Ids:
        return np.array([row.document_id for row, _ in self._of(ids)], dtype=np.int64)

    def iter_vectors(self) -> Iterator[tuple[Ids, HalfRows]]:
        for batch in self._shards.batches():
            ids = np.arange(batch.first + 1, batch.first + 1 + len(batch.rows), dtype=np.int64)
            yield ids, batch.vectors.astype(VECTOR_DTYPE)

    def _of(self, ids: Ids) -> list[tuple[ChunkRow, HalfRows]]:
        missing = set(ids.tolist()) - self._found.keys()
        if missing:
            for document in _numbered(self._corpus):
                if not missing.isdisjoint(range(document.first, document.first + len(document.new.chunks))):
                    self._found |= {
                        row.chunk_id: (row, vector) for row, vector in document.rows() if row.chunk_id in missing
                    }
        return [self._found[chunk_id] for chunk_id in ids.tolist()]
