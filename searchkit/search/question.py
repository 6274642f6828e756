"""What is asked: the query's settings, checked once at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypedDict

from searchkit.errors import InputError

Where: TypeAlias = "str | Mapping[str, object] | None"


class Mode(Enum):
    """Which parts of the engine look for candidates."""

    HYBRID = "hybrid"  # both, fused
    DENSE = "dense"  # by meaning: nearest embeddings
    LEXICAL = "lexical"  # by words: BM25


class Fusion(Enum):
    """How the two rankings of a hybrid search become one."""

    RRF = "rrf"  # by ranks alone
    CONVEX = "convex"  # by scores, each normalised within the query


DEFAULT_FUSION = Fusion.RRF
DEFAULT_DENSE_WEIGHT = 0.5


class SearchOptions(TypedDict, total=False):
    """What a search may be told besides query and ``k``; the meanings are those of `Question`."""

    mode: str | Mode
    where: Where
    path: str | None
    min_score: float | None
    fusion: str | Fusion
    dense_weight: float
    highlight: bool
    explain: bool


@dataclass(frozen=True, slots=True)
class Question:
    """How candidates are found, chosen and shown.

    Attributes:
        k: at most so many hits; at least 1.
        mode: ``hybrid``, ``dense`` or ``lexical``. In lexical mode the query may hold ``"phrases"``, ``-exclusions``
            and ``prefixes*``; otherwise every sign in it is text.
        where: a filter on metadata, such as ``"year >= 2020 and lang = 'en'"`` or ``{"lang": "en"}``. It acts
            before the ``k`` best are chosen.
        path: a glob on the path, such as ``guide/**`` or ``*.md``; acts before as well.
        min_score: hits below this cosine are left out.
        fusion: of a hybrid search; ``rrf`` or ``convex``.
        dense_weight: share of the dense part in the fusion, 0 to 1; the lexical part has the rest.
        highlight: make the best sentence of each hit its snippet; costs encoding those sentences.
        explain: give each hit the rank and score that each part gave it, and the words it shares with the query.
    """

    k: int = 10
    mode: Mode = Mode.HYBRID
    where: Where = None
    path: str | None = None
    min_score: float | None = None
    fusion: Fusion = DEFAULT_FUSION
    dense_weight: float = DEFAULT_DENSE_WEIGHT
    highlight: bool = False
    explain: bool = False

    @classmethod
    def of(cls, k: int, options: SearchOptions) -> Question:
        """The question that a caller's words make; enums may be given by their value."""
        given: dict[str, Any] = dict(options)
        for name, kind in (("mode", Mode), ("fusion", Fusion)):
            if name in given:
                given[name] = _member(kind, given[name], name)
        unknown = [name for name in given if name not in cls.__slots__]
        if unknown:
            raise TypeError(f"search() got an unexpected option {unknown[0]!r}; known: {', '.join(cls.__slots__)}")
        return cls(k, **given)

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InputError(f"k is {self.k!r}; expected a whole number of at least 1")
        if self.min_score is not None and not -1 <= self.min_score <= 1:
            raise InputError(f"min_score is {self.min_score}; expected a cosine, -1 to 1")
        if not 0 <= self.dense_weight <= 1:
            raise InputError(f"dense_weight is {self.dense_weight}; expected a share, 0 to 1")


def check_query(query: str) -> str:
    """Gives the query when there is something in it; lone surrogates become question marks."""
    if not isinstance(query, str):
        raise InputError(f"the query is {type(query).__name__}; expected text")
    if not query.strip():
        raise InputError("the query is empty", hint='ask in plain words: searchkit query "how do I ..."')
    return query.encode("utf-8", "replace").decode("utf-8")


def _member(kind: type[Enum], value: object, name: str) -> Enum:
    if isinstance(value, kind):
        return value
    known = {member.value: member for member in kind}
    if value not in known:
        raise InputError(f"{name} is {value!r}; expected one of {', '.join(known)}")
    return known[str(value)]
