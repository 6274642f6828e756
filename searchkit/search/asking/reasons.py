"""What `SearchEngine.why` tells: causes, reasons, and where a document stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.types import Hit, Part


class Cause(Enum):
    """Why a document is not among the hits, or is there as another text."""

    OUTSIDE = "outside"  # in no indexed folder
    MISSING = "missing"  # neither on disk nor in the index
    LEFT_OUT = "left out"  # by an ignore file, an option, or as walks do
    NEW = "new"  # not indexed yet
    REFUSED = "refused"  # could not be read
    EMPTY = "empty"  # no text
    GONE = "gone"  # in the index, and no more on disk
    CHANGED = "changed"  # on disk is another text
    FILTERED = "filtered"  # by where, path or since
    NO_WORD = "no word"  # a lexical search, and no word in common
    EXCLUDED = "excluded"  # a lexical search that excludes a word of it, or requires one that it lacks
    MIN_SCORE = "min score"  # its cosine is too low
    NOTHING_CLOSE = "nothing close"  # the search abstained
    FOLDED = "folded"  # under a hit of nearly the same content
    CUT = "cut"  # other chunks of its document have its place
    DIVERSITY = "diversity"  # too much like better hits
    APPROXIMATE = "approximate"  # the approximate index does not see it
    RANK = "rank"  # others are better


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause in words, and what to do about it where there is something."""

    cause: Cause
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the best chunk of a document stands among all chunks that the filters let through.

    Attributes:
        chunk_id, line_start, page: the chunk.
        cosine: of query and chunk.
        chunks: how many compete.
        dense: by exact cosine, whatever the index finds; None in a lexical search.
        lexical: by BM25; None where no word matches, and in a dense search.
        fused_rank: by what the search makes of both; None beyond the first ``searched``.
        searched: how far down the fused ranking was looked at.
    """

    chunk_id: int
    line_start: int | None
    page: int | None
    cosine: float
    chunks: int
    dense: Part | None
    lexical: Part | None
    fused_rank: int | None
    searched: int


@dataclass(frozen=True, slots=True)
class Why:
    """What became of a document in a search.

    Attributes:
        name: the document, as the index knows it or would.
        rank: of its best hit; None where it has none.
        reasons: why it has none, the decisive one first; where it has one, what else is to be known.
        standing: where it stands; None where none of its chunks competes.
        hits: what the search found.
    """

    name: str
    rank: int | None
    reasons: tuple[Reason, ...]
    standing: Standing | None
    hits: tuple[Hit, ...]
