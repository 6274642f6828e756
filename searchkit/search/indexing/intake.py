"""An index out of documents that were cut and encoded elsewhere: the rows of an ordinary index, without encoding.

The index has to be new. Each commit notes how far it came, so a run that was killed goes on there. The rows, their ids
included, are those that `SearchEngine.index_paths` gives for the same files in the same order; only the times of files
are not believed, so the next `searchkit index` compares the bytes of each with its hash once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from searchkit.documents import ReadOptions, WalkOptions
from searchkit.errors import EncoderMismatchError, InputError
from searchkit.search.indexing.remembered import Manner, keep_manner
from searchkit.search.indexing.sync import reading_digest
from searchkit.search.reports import IndexReport, Progress, ProgressSink, Refusal
from searchkit.store import NewDocument, NewSource, OpenSource, StoredSettings, StoreWriter

BATCH_CHUNKS = 4096  # a commit; each one adds a part to the lexical index
BATCH_STEPS = 4 * BATCH_CHUNKS


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """A file as it was read elsewhere; ``location`` is empty where it belongs to no folder here (a URL)."""

    path: str
    location: str
    prefix: str
    size: int
    modified: str | None
    content_hash: str
    reason: str


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document with its chunks and vectors, and the path of its file; its own text is not needed."""

    path: str
    document: NewDocument


class EncodedCorpus(Protocol):
    """Documents that were encoded elsewhere.

    Attributes:
        name: for messages.
        digest: tells it from any other.
        settings: of the encoder, and how documents were cut.
        walk, read: which files were taken, and how they were read.
        chunks: how many there are.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def settings(self) -> StoredSettings: ...

    @property
    def walk(self) -> WalkOptions: ...

    @property
    def read(self) -> ReadOptions: ...

    @property
    def chunks(self) -> int: ...

    def files(self) -> Iterator[EncodedFile]:
        """In the order in which they are to be indexed, refused ones too."""
        ...

    def documents(self, first_chunk: int) -> Iterator[EncodedDocument]:
        """In the order of the files, from the document on that begins with that chunk, counted from 0."""
        ...


def check_settings(index: StoredSettings, corpus: EncodedCorpus) -> None:
    """Raises EncoderMismatchError or InputError where the vectors and chunks are not of the index's kind."""
    theirs = corpus.settings
    ours = (index.fingerprint, index.dimension)
    if ours != (theirs.fingerprint, theirs.dimension):
        raise EncoderMismatchError(
            f"{corpus.name} was made with encoder {theirs.encoder or 'default'} ({theirs.fingerprint[:12]}, "
            f"{theirs.dimension} numbers), the index is for {index.encoder or 'default'} ({index.fingerprint[:12]}, "
            f"{index.dimension} numbers)",
            hint="name the encoder of the shards with --model, for a new index, or embed again with this one",
        )
    if (index.chunk_tokens, index.overlap_tokens) != (theirs.chunk_tokens, theirs.overlap_tokens):
        raise InputError(
            f"{corpus.name} has chunks of {theirs.chunk_tokens} tokens that share {theirs.overlap_tokens}, "
            f"the index of {index.chunk_tokens} that share {index.overlap_tokens}",
            hint="choose another --index",
        )


class Intake:
    """One run; after one that was cut off the next goes on."""

    def __init__(self, store: StoreWriter, corpus: EncodedCorpus, progress: ProgressSink) -> None:
        self._store, self._corpus, self._progress = store, corpus, progress
        self._digest = ""
        self._roots: dict[str, int] = {}
        self._files = self._chunks = 0  # so much is committed
        self._steps: list[NewSource | NewDocument | None] = []  # a file, its documents, None for its end
        self._waiting_files = self._waiting_chunks = 0
        self._open: OpenSource | None = None

    def run(self) -> IndexReport:
        """Take in what is not yet there.

        Raises:
            EncoderMismatchError, InputError: see `check_settings`; also where the index holds other documents.
        """
        started = time.monotonic()
        settings = self._store.read.settings()
        check_settings(settings, self._corpus)
        self._digest = reading_digest(self._corpus.read, settings)
        self._begin()
        files, chunks = self._files, self._chunks
        refused = [
            (place, Refusal(file.path, file.reason)) for place, file in enumerate(self._corpus.files()) if file.reason
        ]
        refused_before = sum(place < files for place, _ in refused)
        self._take_all()
        return IndexReport(
            new=self._files - files - (len(refused) - refused_before),
            changed=0,
            unchanged=files - refused_before,
            removed=0,
            refused=tuple(sorted((one for _, one in refused), key=lambda refusal: refusal.path)),
            chunks_added=self._chunks - chunks,
            chunks_encoded=0,
            seconds=time.monotonic() - started,
        )

    def _begin(self) -> None:
        """Go on where the note says, or begin in an index that holds nothing."""
        note = self._store.read.intake()
        if note is not None and note["digest"] == self._corpus.digest:
            self._files, self._chunks = int(note["files"]), int(note["chunks"])
            self._roots = {root.location: root.root_id for root in self._store.read.roots()}
            return
        counts = self._store.read.counts()
        if note is not None or counts.sources or counts.documents:
            raise InputError(
                f"the index holds other documents than {self._corpus.name}",
                hint="shards become an index of their own: choose a new --index",
            )
        with self._store.change():
            self._add_roots()
            self._note()

    def _add_roots(self) -> None:
        for file in self._corpus.files():
            if file.location and file.location not in self._roots:
                root = self._store.add_root(file.prefix, file.location)
                keep_manner(self._store, root.root_id, Manner(self._corpus.walk, self._corpus.read))
                self._roots[file.location] = root.root_id

    def _take_all(self) -> None:
        documents = self._corpus.documents(self._chunks)
        document = next(documents, None)
        for file in islice(self._corpus.files(), self._files, None):
            self._steps.append(self._source(file))
            while document is not None and document.path == file.path:
                self._steps.append(document.document)
                self._waiting_chunks += len(document.document.chunks)
                self._commit_if_due(file.path)
                document = next(documents, None)
            self._steps.append(None)
            self._waiting_files += 1
            self._commit_if_due(file.path)
        self._commit()
        if document is not None:
            raise InputError(f"{self._corpus.name} has documents of {document.path}, which is none of its files")

    def _commit_if_due(self, path: str) -> None:
        if self._waiting_chunks >= BATCH_CHUNKS or len(self._steps) >= BATCH_STEPS:
            self._commit()
            self._progress(Progress("take", self._chunks, self._corpus.chunks, path=path))

    def _commit(self) -> None:
        """All that waits, and the note of it, in one transaction."""
        if not self._steps:
            return
        with self._store.change():
            for step in self._steps:
                self._write(step)
            self._files += self._waiting_files
            self._chunks += self._waiting_chunks
            self._note()
        self._steps, self._waiting_files, self._waiting_chunks = [], 0, 0

    def _write(self, step: NewSource | NewDocument | None) -> None:
        if isinstance(step, NewSource):
            # nothing under this path is older than this corpus, even where an earlier run began with the file
            self._open = replace(self._store.begin_source(step), documents_before=0)
        elif isinstance(step, NewDocument):
            self._store.put_document(step, file=self._open)
        elif self._open is not None:
            self._store.finish_source(self._open)
            self._open = None

    def _source(self, file: EncodedFile) -> NewSource:
        status = "refused" if file.reason else "indexed"
        return NewSource(
            root_id=self._roots.get(file.location),
            path=file.path,
            size=file.size,
            modified=file.modified,
            mtime_ns=None,
            content_hash=file.content_hash,
            options_digest=self._digest,
            status=status,
            reason=file.reason,
        )

    def _note(self) -> None:
        self._store.save_intake({"digest": self._corpus.digest, "files": self._files, "chunks": self._chunks})
