"""What is asked: the query's settings, checked once at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

from searchkit.errors import InputError
from searchkit.search.asking.calibration import LOWEST_RATE

if TYPE_CHECKING:
    from searchkit.search.asking.rerank import Reranker

Where: TypeAlias = "str | Mapping[str, object] | None"


class Mode(Enum):
    """Which parts of the engine look for candidates."""

    HYBRID = "hybrid"  # both, fused
    DENSE = "dense"  # by meaning: nearest embeddings
    LEXICAL = "lexical"  # by words: BM25


class Fusion(Enum):
    """How the two rankings of a hybrid search become one."""

    RRF = "rrf"  # by ranks alone
    CONVEX = "convex"  # by scores, each as a share of the most it can be


DEFAULT_FUSION = Fusion.CONVEX  # by measurement: benchmarks/results/hybrid.md
DEFAULT_DENSE_WEIGHT = 0.5
LONGEST_NUMBER = 18  # digits: every such number is one that a database holds
MOST_ASKED = 1 << 20  # characters of a query: an encoder and the lexical index read a small part of that


class Group(Enum):
    """What a hit stands for."""

    CHUNK = "chunk"
    DOCUMENT = "document"  # shown by its best chunk


class SimilarOptions(TypedDict, total=False):
    """What `SearchEngine.similar` may be told besides target and ``k``; the meanings are those of `Question`."""

    where: Where
    path: str | None
    since: str | None
    topic: int | str | Sequence[int | str]
    within: Sequence[str | Path] | None
    min_score: float | None
    unlike: Sequence[str]
    diverse: float | None
    fold: bool
    per_document: int | None
    group: str | Group
    context: int


class SearchOptions(SimilarOptions, total=False):
    """What a search may be told besides query and ``k``; the meanings are those of `Question`."""

    mode: str | Mode
    fusion: str | Fusion
    dense_weight: float
    rerank: str | Path | Reranker | None
    abstain: float | None
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
        since: only files modified since a date (``2026-05-31``, UTC) or within an age (``7d``, ``2w``, ``3m`` months);
            acts before as well. Documents without a file have no such time and are left out.
        topic: only chunks of these kept topics, each named by its number or its label (or a part of that); 0 and
            ``none`` are the chunks that fit no topic. Acts before as well; see `searchkit topics`.
        within: only files that lie at or below these places on disk, by the folders that were indexed; acts before as
            well. None for the whole index; documents without a file lie nowhere.
        min_score: hits below this cosine are left out.
        unlike: texts that hits should not be like. The query's vector is moved away from theirs, and scores are
            cosines with the moved one; chunks that share words with them lose in the lexical part; see `negatives`.
        diverse: lambda of maximal marginal relevance, 0 to 1, which chooses hits that are relevant and unlike each
            other: 1 is the order without it, 0 looks for novelty alone; see `diversity`.
        fold: whether a chunk of nearly the same content as a better hit is folded under it (`Hit.alike`).
        per_document: at most so many hits of one document.
        group: ``document`` for one hit a document, its best chunk, that tells its other places; else ``chunk``.
        context: how many neighbouring chunks are shown before and after each hit.
        fusion: of a hybrid search: ``convex``, by scores, or ``rrf``, by ranks alone; see `fusion`.
        dense_weight: share of the dense part in the fusion, 0 to 1; the lexical part has the rest.
        abstain: answer with nothing where the closest chunk is no closer than one is to questions that have nothing to
            do with the index; this rate of such questions, 0.005 to 1, is answered all the same. The cosine decides in
            every mode; see `calibration`.
        rerank: judge the first candidates again, each together with the query: by the cross-encoder of that name or
            folder, or by any `Reranker`. Scores of hits stay cosines.
        highlight: make the best sentence of each hit its snippet; costs encoding those sentences.
        explain: give each hit the rank and score that each part gave it, and the words it shares with the query; and
            the answer its plan.
    """

    k: int = 10
    mode: Mode = Mode.HYBRID
    where: Where = None
    path: str | None = None
    since: str | None = None
    topic: tuple[int | str, ...] = ()
    within: tuple[str | Path, ...] | None = None
    min_score: float | None = None
    unlike: tuple[str, ...] = ()
    diverse: float | None = None
    fold: bool = False
    per_document: int | None = None
    group: Group = Group.CHUNK
    context: int = 0
    fusion: Fusion = DEFAULT_FUSION
    dense_weight: float = DEFAULT_DENSE_WEIGHT
    rerank: str | Path | Reranker | None = None
    abstain: float | None = None
    highlight: bool = False
    explain: bool = False

    @classmethod
    def of(cls, k: int, options: SearchOptions) -> Question:
        """The question that a caller's words make; enums may be given by their value."""
        given: dict[str, Any] = dict(options)
        for name, kind in (("mode", Mode), ("fusion", Fusion), ("group", Group)):
            if name in given:
                given[name] = _member(kind, given[name], name)
        if "unlike" in given:
            given["unlike"] = _texts(given["unlike"])
        if "topic" in given:
            given["topic"] = _names(given["topic"])
        if given.get("within") is not None:
            given["within"] = _places(given["within"])
        unknown = [name for name in given if name not in cls.__slots__]
        if unknown:
            raise TypeError(f"search() got an unexpected option {unknown[0]!r}; known: {', '.join(cls.__slots__)}")
        return cls(k, **given)

    def __post_init__(self) -> None:
        if not _is_count(self.k, 1):
            raise InputError(f"k is {self.k!r}; expected a whole number of at least 1")
        if self.where is not None and not isinstance(self.where, str | Mapping):
            raise InputError(f"where is {type(self.where).__name__}; expected an expression or a mapping")
        for name, value in (("path", self.path), ("since", self.since)):
            if value is not None and not isinstance(value, str):
                raise InputError(f"{name} is {type(value).__name__}; expected text")
        if self.min_score is not None and not _is_number(self.min_score, -1, 1):
            raise InputError(f"min_score is {self.min_score!r}; expected a cosine, -1 to 1")
        if not _is_number(self.dense_weight, 0, 1):
            raise InputError(f"dense_weight is {self.dense_weight!r}; expected a share, 0 to 1")
        if self.abstain is not None and not (_is_number(self.abstain, LOWEST_RATE, 1) and self.abstain < 1):
            raise InputError(f"abstain is {self.abstain!r}; expected a rate of {LOWEST_RATE:.3f} or more, and below 1")
        if self.diverse is not None and not _is_number(self.diverse, 0, 1):
            raise InputError(f"diverse is {self.diverse!r}; expected 0 (novelty) to 1 (relevance)")
        if self.per_document is not None and not _is_count(self.per_document, 1):
            raise InputError(f"per_document is {self.per_document!r}; expected a whole number of at least 1")
        if self.per_document is not None and self.group is Group.DOCUMENT:
            raise InputError("per_document and group 'document' do not go together: a group has one hit a document")
        if not _is_count(self.context, 0):
            raise InputError(f"context is {self.context!r}; expected a number of chunks, 0 or more")

    @property
    def is_filtered(self) -> bool:
        """Whether only some of the chunks may answer."""
        given = (self.where, self.path, self.since, self.within)
        return bool(self.topic) or any(filter_ is not None for filter_ in given)

    @property
    def is_selective(self) -> bool:
        """Whether hits are more than the best ``k``, so that candidates are needed to choose from."""
        is_grouped = self.group is Group.DOCUMENT or self.per_document is not None
        return self.fold or self.diverse is not None or is_grouped


def number_or_name(target: str) -> int | str:
    """A chunk's number, or the name of a file or document. What is too long for a number is a name."""
    return int(target) if target.isdecimal() and len(target) <= LONGEST_NUMBER else target


def check_query(query: str) -> str:
    """Gives the query when there is something in it, and not too much; lone surrogates become question marks."""
    if not isinstance(query, str):
        raise InputError(f"the query is {type(query).__name__}; expected text")
    if len(query) > MOST_ASKED:
        found = f"the query has {len(query):,} characters; expected at most {MOST_ASKED:,}"
        raise InputError(found, hint="ask for a part of it, or `searchkit similar` for what is like a document")
    if not query.strip():
        raise InputError("the query is empty", hint='ask in plain words: searchkit query "how do I ..."')
    return query.encode("utf-8", "replace").decode("utf-8")


def check_list(name: str, values: object) -> None:
    """Refuses one text or path in the place of a list, whose letters would be taken for its members."""
    if isinstance(values, str | Path):
        raise InputError(f"{name} is one {type(values).__name__}; expected a list of them", hint=f"write [{name}]")


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: object, least: float, most: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and least <= cast(float, value) <= most


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InputError(f"unlike is {type(value).__name__}; expected a list of texts")
    return tuple(map(check_query, value))


def _names(value: int | str | Sequence[int | str]) -> tuple[int | str, ...]:
    names = (value,) if isinstance(value, int | str) else value
    is_list = isinstance(names, Sequence) and all(isinstance(name, int | str) for name in names)
    if not is_list or any(isinstance(name, bool) for name in names):
        raise InputError(f"topic is {value!r}; expected the number or label of a topic, or a list of them")
    return tuple(names)


def _places(value: Sequence[str | Path]) -> tuple[str | Path, ...]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(isinstance(place, str | Path) and "\0" not in str(place) for place in value):
        raise InputError(f"within is {value!r}; expected a list of folders and files")
    return tuple(value)


def _member(kind: type[Enum], value: object, name: str) -> Enum:
    if isinstance(value, kind):
        return value
    known = {member.value: member for member in kind}
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} is {value!r}; expected one of {', '.join(known)}")
    return known[value]
