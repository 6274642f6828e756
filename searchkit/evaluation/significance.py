"""Is the difference between two systems more than luck of the queries? The paired bootstrap."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 10_000
CONFIDENCE = 0.95
_DRAWN_AT_ONCE = 1 << 22  # 32 MB of positions


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one system to another on the same queries.

    Attributes:
        before, after: means over the queries.
        difference: ``after - before``.
        low, high: bounds of the confidence interval of the difference.
        p_value: how often resampling gives as large a difference, either way, where there is none.
        queries: how many.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float
    queries: int


def paired_bootstrap(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    *,
    groups: Sequence[Hashable] | None = None,
    samples: int = SAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Difference:
    """The mean difference with its percentile interval and two-sided p-value.

    Args:
        before: (Q,) one value a query.
        after: (Q,) of the same queries in the same order.
        groups: (Q,) what each query was made from. Queries of one origin are drawn together, for they
            succeed and fail together; without it each query is its own.
        samples: bootstrap samples.
        confidence: of the interval, such as 0.95.
        seed: the same seed gives the same bounds.

    Raises:
        ShapeError: the two, or the groups, differ in length or are no vectors.
        InputError: no queries, a value that is not finite, ``samples`` below 1 or ``confidence`` outside 0 to 1.

    Efron, Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 16; for retrieval: Sakai 2006,
    "Evaluating Evaluation Metrics based on the Bootstrap", https://doi.org/10.1145/1148170.1148261
    """
    _check(before, after, samples, confidence)
    change = after - before
    sums, sizes = _by_group(change, groups)
    means = _resampled_means(sums, sizes, samples, np.random.default_rng(seed))
    difference = float(change.mean())
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    as_large = np.abs(means - difference) >= abs(difference) - 1e-12
    p_value = (1 + int(as_large.sum())) / (1 + samples)
    return Difference(
        float(before.mean()), float(after.mean()), difference, float(low), float(high), p_value, len(change)
    )


def _check(before: NDArray[np.float64], after: NDArray[np.float64], samples: int, confidence: float) -> None:
    if before.ndim != 1 or before.shape != after.shape:
        raise ShapeError(f"before has shape {before.shape}, after {after.shape}; expected two equal vectors")
    if not len(before):
        raise InputError("there are no queries to compare on")
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise InputError("a value is not a finite number")
    if samples < 1 or not 0 < confidence < 1:
        raise InputError(f"samples is {samples} and confidence {confidence}; expected 1 or more, and 0 to 1")


def _by_group(
    change: NDArray[np.float64], groups: Sequence[Hashable] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of the differences and number of queries of each group, in the order of their first query."""
    if groups is None:
        return change, np.ones(len(change))
    if len(groups) != len(change):
        raise ShapeError(f"there are {len(groups)} groups for {len(change)} queries")
    numbers: dict[Hashable, int] = {}
    places = [numbers.setdefault(group, len(numbers)) for group in groups]
    return np.bincount(places, weights=change).astype(np.float64), np.bincount(places).astype(np.float64)


def _resampled_means(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    count = len(sums)
    means = np.empty(samples)
    step = max(1, _DRAWN_AT_ONCE // count)
    for first in range(0, samples, step):
        drawn = rng.integers(0, count, (min(step, samples - first), count))
        means[first : first + step] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return means
