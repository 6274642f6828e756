"""What a search gives back for one query, and the watch that it is timed with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.search.asking.filtering import Condition
    from searchkit.search.question import Mode
    from searchkit.types import Hit


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question was taken, where an explanation was asked for.

    Attributes:
        chunks: all in the index.
        conditions: the filters, each with what it lets through on its own.
        fusion, dense_weight: how the parts of a hybrid search became one; None in other modes.
        terms: the words that were looked up.
        closest: the highest cosine among the candidates; None without any.
        off_topic: the p-value of that cosine for a question that has nothing to do with the index; see `calibration`.
    """

    chunks: int
    conditions: tuple[Condition, ...]
    fusion: str | None
    dense_weight: float | None
    terms: tuple[str, ...]
    closest: float | None
    off_topic: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of one query, and how they came about.

    Attributes:
        hits: best first.
        mode: what looked for candidates; ``dense`` for a hybrid question to an index without words, see ``notices``.
        index_kind: of the FAISS file, or ``none`` before the first.
        allowed: chunks that the filter let through; None without a filter.
        candidates: by part, how many it proposed.
        seconds: by stage; those of a batch of queries are shared evenly.
        notices: what a person ought to know about the answer, one sentence each.
        nothing_close: whether the search abstained: nothing is closer than what is closest to any question.
        plan: where an explanation was asked for.
    """

    hits: list[Hit]
    mode: Mode
    index_kind: str
    allowed: int | None
    candidates: Mapping[str, int]
    seconds: Mapping[str, float]
    notices: tuple[str, ...] = ()
    nothing_close: bool = False
    plan: Plan | None = None


@dataclass(slots=True)
class Stopwatch:
    """Seconds by stage, summed where a stage is entered again."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
