"""What travels between the rooms: documents, their chunks, and hits. Data without behaviour.

Positions are counted in characters (Unicode code points) of ``Document.text``, half open:
``text[start:end]``. Lines are counted from 1, both ends included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows: TypeAlias = NDArray[np.float32]  # (N, D) one embedding a row, unit length unless said otherwise
    HalfRows: TypeAlias = NDArray[np.float16]  # (N, D) as they are stored
    Ids: TypeAlias = NDArray[np.int64]  # (N,) chunk ids
    Scores: TypeAlias = NDArray[np.float64]  # (N,) one a chunk, higher is better

MetadataValue: TypeAlias = Union[bool, int, float, str, "list[MetadataValue]", "dict[str, MetadataValue]", None]
Metadata: TypeAlias = Mapping[str, MetadataValue]


class BlockKind(Enum):
    """What a piece of a document is, as far as chunking cares."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One structural piece of a document: ``text[start:end]``.

    ``title`` and ``level`` (1 is the highest) belong to headings alone: the heading's words without markup.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source text with its name, structure and metadata.

    Attributes:
        doc_id: the caller's name for it, unique in an index. For a file its path; for a record ``path#record``.
        text: the text that is searched. The file itself for text formats, the extracted text for the others.
        title: a few words shown above a hit; may be empty.
        metadata: JSON values by name; what ``where`` filters see.
        blocks: headings, paragraphs and code in order, not overlapping; empty means "plain text".
        page_starts: where each page begins in ``text`` (PDF); empty for unpaged documents.
        lines_are_source: whether line numbers of ``text`` are line numbers of the file a person would open.
    """

    doc_id: str
    text: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    page_starts: tuple[int, ...] = ()
    lines_are_source: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """The piece of a document that is embedded: ``document.text[start:end]``.

    ``heading_path`` leads from the outermost heading down to the one above the chunk. ``page`` counts from 1.
    """

    text: str
    start: int
    end: int
    line_start: int
    line_end: int
    heading_path: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The place that one part of a search gave a chunk: ``rank`` from 1, ``score`` on that part's own scale."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a chunk stands where it stands.

    Attributes:
        dense: by cosine; None where the dense part did not look, or did not find it among its candidates.
        lexical: by BM25; None likewise.
        fused: after the parts were put together; the order of the hits, unless a later stage changed it.
        terms: words of the query that occur in the chunk, as the query has them.
        spans: where such words stand in the chunk: ``text[start:end]``.
        judged: by a reranker; None where there was none, or the chunk was not among those that it saw.
    """

    dense: Part | None
    lexical: Part | None
    fused: Part
    terms: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    judged: Part | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands in its file; lines are None where the file has none of its own, pages where it has none."""

    chunk_id: int
    line_start: int | None
    line_end: int | None
    page: int | None


@dataclass(frozen=True, slots=True)
class Context:
    """The text right before and after a chunk in its document; empty at the document's ends.

    White space between chunks is not kept in an index: a line break is one, anything else is a space.
    """

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved chunk.

    Attributes:
        rank: 1 for the best.
        score: cosine similarity of query and chunk, -1 to 1, in every mode. A hybrid or lexical search may rank a
            chunk of lower cosine first; ``explanation`` then tells why.
        path: the file's path as it was indexed, with ``/``; None for documents added from memory.
        snippet: the best sentence where it was asked for, otherwise the opening of the chunk.
        snippet_start: where the snippet begins in ``text``.
        line_start, line_end: lines of the chunk in the file; None where the file has no lines of its own (PDF).
        explanation: where it was asked for.
        alike: chunks of nearly the same content that were folded under this hit, best first.
        others: where documents are shown, the other places of this document that rank before the last hit or among
            the best ``k`` chunks, best first.
        context: where it was asked for.
        percentile: the share of unrelated pairs of texts of this index whose cosine is below ``score``, in percent;
            None where the index has not been measured, see `searchkit.search.asking.calibration`.
    """

    rank: int
    score: float
    chunk_id: int
    doc_id: str
    path: str | None
    title: str
    heading_path: tuple[str, ...]
    text: str
    snippet: str
    snippet_start: int
    start: int
    end: int
    line_start: int | None
    line_end: int | None
    page: int | None
    metadata: Metadata
    explanation: Explanation | None = None
    alike: tuple[int, ...] = ()
    others: tuple[Place, ...] = ()
    context: Context | None = None
    percentile: float | None = None
