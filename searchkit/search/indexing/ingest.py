"""Documents -> chunks -> vectors -> database: what every door that adds something goes through.

Memory is bounded: documents are cut as they come, and written in one transaction once ``BATCH_CHUNKS`` chunks have
gathered and a file ends, or twice as many. Equal passages are encoded once, within a batch and against what the
index already holds. A file with more chunks than that is written in several commits; until the last one it counts as
not yet read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import xxhash

from searchkit.chunking import Chunker, ChunkSettings, passage_text
from searchkit.store import VECTOR_DTYPE, NewChunk, NewDocument, NewSource, OpenSource, StoreWriter

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.store import StoredSettings
    from searchkit.types import Chunk, Document, Rows

BATCH_CHUNKS = 1024  # at ~150 tokens a chunk some seconds of encoding: little is lost when a run is cut off
BATCH_STEPS = 4096  # files and documents without a chunk are written too
ENCODE_CHUNKS = 128  # encoded between two reports of progress


@dataclass(frozen=True, slots=True)
class _Cut:
    """A document with its chunks and the hash of each passage, not yet encoded."""

    document: Document
    chunks: tuple[Chunk, ...]
    passages: tuple[str, ...]
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _FileBegins:
    source: NewSource


@dataclass(frozen=True, slots=True)
class _FileEnds:
    pass


@dataclass(frozen=True, slots=True)
class _FileSeen:
    source_id: int
    mtime_ns: int
    modified: str | None


_Step: TypeAlias = "_Cut | _FileBegins | _FileEnds | _FileSeen"


class Ingest:
    """Cuts, encodes and writes documents; ``flush`` commits what is still waiting.

    Attributes:
        documents: written so far.
        replaced: those of them that took the place of one of the same name.
        chunks_added: chunks written.
        chunks_encoded: those of them whose passage was not known.
        chunks_cut: cut so far, written or waiting.
        on_encoded: called after every ``ENCODE_CHUNKS`` chunks that were encoded.
    """

    def __init__(self, store: StoreWriter, settings: StoredSettings, encoder: Callable[[], Encoder]) -> None:
        """Write to ``store``; the encoder is made when there is something to cut, so that no change costs none."""
        self._store, self._settings, self._make_encoder = store, settings, encoder
        self._steps: list[_Step] = []
        self._waiting = 0
        self._open: OpenSource | None = None
        self.documents = self.replaced = self.chunks_added = self.chunks_encoded = self.chunks_cut = 0
        self.on_encoded: Callable[[], None] = lambda: None

    @cached_property
    def _encoder(self) -> Encoder:
        return self._make_encoder()

    @cached_property
    def _chunker(self) -> Chunker:
        cutting = ChunkSettings(max_tokens=self._settings.chunk_tokens, overlap_tokens=self._settings.overlap_tokens)
        return Chunker(self._encoder.tokenizer, cutting)

    def take_file(self, source: NewSource, documents: Iterable[Document]) -> None:
        """Put a file and its documents in the place of what is known under its path."""
        self._steps.append(_FileBegins(source))
        for document in documents:
            self.take_document(document)
        self._take_step(_FileEnds())

    def note_seen(self, source_id: int, *, mtime_ns: int, modified: str | None) -> None:
        """Remember the time of a file whose content is known to be the same."""
        self._take_step(_FileSeen(source_id, mtime_ns, modified))

    def take_document(self, document: Document) -> None:
        """Put a document in the place of one of the same name."""
        chunks = tuple(self._chunker.chunk(document))
        passages = tuple(passage_text(document.title, chunk) for chunk in chunks)
        hashes = tuple(map(passage_hash, passages))
        self._waiting += len(chunks)
        self.chunks_cut += len(chunks)
        self._take_step(_Cut(document, chunks, passages, hashes))

    def _take_step(self, step: _Step) -> None:
        self._steps.append(step)
        batches = 2 if isinstance(step, _Cut) else 1  # rather at the end of a file, if it ends soon
        if self._waiting >= batches * BATCH_CHUNKS or len(self._steps) >= batches * BATCH_STEPS:
            self.flush()

    def flush(self) -> None:
        """Encode what is waiting and commit it, all or nothing."""
        if not self._steps:
            return
        vectors = self._vectors([step for step in self._steps if isinstance(step, _Cut)])
        with self._store.change():
            for step in self._steps:
                self._write(step, vectors)
        self.chunks_added += self._waiting
        self._steps, self._waiting = [], 0

    def _vectors(self, documents: Sequence[_Cut]) -> dict[bytes, bytes]:
        """A stored vector for the hash of every passage."""
        wanted = {key: text for cut in documents for key, text in zip(cut.hashes, cut.passages, strict=True)}
        vectors = self._store.read.known_vectors(list(wanted))
        fresh = sorted(wanted.keys() - vectors.keys(), key=lambda key: (len(wanted[key]), key))
        for first in range(0, len(fresh), ENCODE_CHUNKS):
            keys = fresh[first : first + ENCODE_CHUNKS]  # of like length, so that none is padded to another's
            rows = self._encoder.encode_passages([wanted[key] for key in keys])
            vectors.update(zip(keys, stored_vectors(rows), strict=True))
            self.chunks_encoded += len(keys)
            self.on_encoded()
        return vectors

    def _write(self, step: _Step, vectors: dict[bytes, bytes]) -> None:
        if isinstance(step, _FileBegins):
            self._open = self._store.begin_source(step.source)
        elif isinstance(step, _FileEnds):
            if self._open is not None:
                self._store.finish_source(self._open)
            self._open = None
        elif isinstance(step, _FileSeen):
            self._store.touch_source(step.source_id, mtime_ns=step.mtime_ns, modified=step.modified)
        else:
            pairs = zip(step.chunks, step.hashes, strict=True)
            new = NewDocument(step.document, tuple(NewChunk(chunk, key, vectors[key]) for chunk, key in pairs))
            self.documents += 1
            self.replaced += self._store.put_document(new, file=self._open)


def passage_hash(passage: str) -> bytes:
    """Equal passages are encoded once: by this, XXH3-128, they are known."""
    return xxhash.xxh3_128_digest(passage.encode("utf-8", "replace"))


def stored_vectors(rows: Rows) -> Iterator[bytes]:
    """Each row (D,) as it is kept: little-endian float16."""
    return (row.tobytes() for row in np.ascontiguousarray(rows.astype(VECTOR_DTYPE)))
