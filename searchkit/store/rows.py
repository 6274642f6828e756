"""What the database gives and takes, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.types import Metadata

if TYPE_CHECKING:
    from searchkit.types import Chunk, Document


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What holds for the whole index.

    Attributes:
        encoder: the name or folder that the encoder is loaded by.
        fingerprint: of the encoder whose vectors are stored.
        dimension: numbers a vector.
        max_tokens: the encoder's limit a passage, special tokens included.
        chunk_tokens, overlap_tokens: how documents are cut.
        canaries: the encoder's vectors of the canary sentences, float16, base64.
    """

    encoder: str
    fingerprint: str
    dimension: int
    max_tokens: int
    chunk_tokens: int
    overlap_tokens: int
    canaries: str


@dataclass(frozen=True, slots=True)
class Root:
    """A folder or file that `searchkit index` was pointed at."""

    root_id: int
    prefix: str
    location: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One file as it was when it was read last; ``mtime_ns`` None means that it has to be read again."""

    source_id: int
    root_id: int | None
    path: str
    size: int
    mtime_ns: int | None
    content_hash: str
    options_digest: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One indexed or refused file, as `searchkit ls` lists it."""

    path: str
    size: int
    modified: str | None
    documents: int
    chunks: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class NewSource:
    """A file to be recorded; ``mtime_ns`` None where the file is too young for its time to be trusted."""

    root_id: int | None
    path: str
    size: int
    modified: str | None
    mtime_ns: int | None
    content_hash: str
    options_digest: str
    status: str = "indexed"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A file that is being written; documents up to ``documents_before`` are what it had until now."""

    source: NewSource
    source_id: int
    documents_before: int


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk with the hash of its passage and its vector as it is stored (little-endian float16)."""

    chunk: Chunk
    passage_hash: bytes
    vector: bytes


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document with its chunks, ready to be written."""

    document: Document
    chunks: tuple[NewChunk, ...]


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """The FAISS file in use and what it covers."""

    generation: int
    file: str
    kind: str
    sha256: str
    size: int
    vector_count: int
    max_chunk_id: int


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk with all that a hit shows."""

    chunk_id: int
    document_id: int
    doc_id: str
    path: str | None
    title: str
    metadata: Metadata
    lines_are_source: bool
    text: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document without its text."""

    document_id: int
    doc_id: str
    path: str | None
    title: str
    metadata: Metadata
    chunks: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    sources: int
    refused: int
    documents: int
    chunks: int
    tail: int
    deleted: int
