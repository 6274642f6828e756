"""Texts that nobody would write, by hypothesis, and how much time they take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from figures import IS_LONG, SEED
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st


def many(short: int, long: int) -> Callable[[Any], Any]:
    """So many examples, the same for the same seed."""
    how = settings(
        max_examples=long if IS_LONG else short,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(SEED)(how(test))


ANY = st.characters(exclude_categories=())  # NUL and halves of pairs among them
WORDS = (
    "apples boats lang year title 2020 2026-01-31 'en' \"en\" `a b` AND OR NOT IN LIKE IS NULL BETWEEN CONTAINS TRUE "
    "= == != <> < <= > >= ( ) , . - + * : ^ ~ ' \" \\ % _ ; -- /* 1e9 -1 0.5 NEAR 中文 é"
)
PIECES = st.sampled_from([*WORDS.split(), "\u0301", "\ud800", "\0", "\n"])
TEXTS = st.one_of(
    st.text(ANY, max_size=80),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=25).map("".join),
    st.tuples(st.text(ANY, min_size=1, max_size=6), st.integers(1, 3000)).map(lambda pair: pair[0] * pair[1]),
)


class Slowest:
    """The most processor time that one of the examples took, and how many were answered and refused."""

    def __init__(self) -> None:
        self.seconds, self.answered, self.refused = 0.0, 0, 0

    def of(self, work: Callable[[], object], *expected: type[Exception]) -> None:
        started = time.process_time()
        try:
            work()
            self.answered += 1
        except expected:
            self.refused += 1
        self.seconds = max(self.seconds, time.process_time() - started)

    def told(self) -> str:
        return (
            f"{self.answered:,} answered, {self.refused:,} refused by an error of ours; 0 others; the slowest took "
            f"{1000 * self.seconds:,.0f} ms"
        )
