"""What the engine tells of its work: progress, summaries, and the state of an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from searchkit.types import Metadata


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of an indexing run.

    Attributes:
        stage: ``scan`` (files found so far), ``index`` (files read), ``take`` (chunks encoded elsewhere), ``encode``
            (chunks of a rebuild), ``commit``, ``copy`` (pages), ``reach`` (a server), ``push`` (chunks), ``indexed``
            and ``loaded`` (rows, by a server).
        done, total: counted in the stage's unit; ``total`` None while it is not known.
        chunks: encoded so far.
        cut: chunks met so far that are encoded or wait for it; tells how much of the work ``done`` stands for.
        path: the file at hand.
    """

    stage: str
    done: int
    total: int | None = None
    chunks: int = 0
    cut: int = 0
    path: str = ""


ProgressSink: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did with the files."""

    new: int
    changed: int
    unchanged: int
    removed: int
    refused: tuple[Refusal, ...]
    chunks_added: int
    chunks_encoded: int
    seconds: float

    @property
    def is_idle(self) -> bool:
        """Whether nothing in the index was to be changed, what was refused aside."""
        return not (self.new or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What bringing an index up to date did.

    Attributes:
        files: of all folders together.
        left_out: folders that were not looked at, and why; what the index holds of them is as it was.
    """

    files: IndexReport
    left_out: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of documents added from memory."""

    documents: int
    replaced: int
    chunks_added: int


@dataclass(frozen=True, slots=True)
class RootInfo:
    """A folder or file that was indexed, and how many of its files are known."""

    prefix: str
    location: str
    sources: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of an index.

    ``tail`` and ``deleted`` count chunks that the FAISS file does not yet reflect. ``index_plan`` is the kind that was
    chosen (``auto`` or one by name), ``index_kind`` what the file is. ``ann_recall_at_10`` was measured when it was
    made, on queries drawn from its own vectors; None where there is no sound file. ``vectors_problem`` is what is wrong
    with that file, None where nothing is; without it searches give the same answers, later.
    """

    name: str
    folder: Path
    sources: int
    refused: int
    documents: int
    chunks: int
    encoder: str
    encoder_fingerprint: str
    dimension: int
    max_tokens: int
    index_kind: str
    generation: int
    tail: int
    deleted: int
    schema_version: int
    size_bytes: int
    updated_at: str | None
    roots: tuple[RootInfo, ...]
    index_plan: str
    target_recall: float
    ann_recall_at_10: float | None
    vectors_problem: str | None = None

    @property
    def public_encoder(self) -> str:
        """The encoder's name without its place on this disk, for those who ask over a network."""
        return Path(self.encoder).name if Path(self.encoder).is_absolute() else self.encoder


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its text."""

    doc_id: str
    path: str | None
    title: str
    metadata: Metadata
    chunks: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with its text, put together from its chunks.

    White space at its ends is not kept; between chunks a line break is one, anything else is a space.
    """

    doc_id: str
    path: str | None
    title: str
    metadata: Metadata
    text: str


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as it is kept. Lines are None where the file has no lines of its own."""

    chunk_id: int
    doc_id: str
    title: str
    text: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    line_start: int | None
    line_end: int | None
    page: int | None
