"""All pairs of rows that are nearly alike: exact, by blocks, most of them ruled out by a few dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

_DOWN, _ACROSS = 1024, 8192  # rows compared at a time: 32 MB of cosines
_LEADING_SHARE = 6  # one in so many dimensions takes part in the first look
_ROUNDING = 1e-5  # more than float32 sums of unit rows can be off by


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """Some pairs: first[i] < second[i] are positions of rows, with their cosine in float64."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cosines: NDArray[np.float64]


def similar_pairs(rows: Rows, threshold: float) -> Iterator[Pairs]:
    """Every pair of different rows with a cosine of at least the threshold, some at a time.

    The rows are turned so that few dimensions hold most of their length. What those give, and the product of what is
    left of both lengths, bound the cosine from above (Cauchy, Schwarz); only pairs whose bound reaches the threshold
    are compared in full. Memory O(N D); no N x N matrix is ever held.

    Args:
        rows: (N, D) float32 unit rows.
        threshold: a cosine, above 0.
    """
    bounding = _bounding(rows)
    for top in range(0, len(rows), _DOWN):
        block = bounding[top : top + _DOWN]
        for left in range(top, len(rows), _ACROSS):
            bounds = block @ bounding[left : left + _ACROSS].T
            down, across = np.nonzero(bounds >= threshold - _ROUNDING)
            first, second = top + down, left + across
            after = first < second
            yield from _compared(rows, first[after], second[after], threshold)


def _bounding(rows: Rows) -> Rows:
    """(N, P + 1) rows whose products are never below the cosines: leading dimensions, and the length of the rest."""
    leading = max(1, rows.shape[1] // _LEADING_SHARE)
    directions = np.linalg.eigh((rows.T @ rows).astype(np.float64))[1][:, ::-1]
    turned = rows @ directions[:, :leading].astype(np.float32)
    rest = np.sqrt(np.maximum(0, 1 - np.einsum("nd,nd->n", turned, turned, dtype=np.float64)))
    return np.concatenate([turned, rest[:, np.newaxis].astype(np.float32)], axis=1)


def _compared(rows: Rows, first: NDArray[np.int64], second: NDArray[np.int64], threshold: float) -> Iterator[Pairs]:
    for start in range(0, len(first), _ACROSS):
        one, other = first[start : start + _ACROSS], second[start : start + _ACROSS]
        cosines = np.einsum("nd,nd->n", rows[one], rows[other], dtype=np.float64)
        near = cosines >= threshold
        if near.any():
            yield Pairs(one[near], other[near], np.minimum(cosines[near], 1.0))


def join_groups(group: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) the groups after each pair was made one; a group has the number of its first row.

    Args:
        group: (N,) before; ``np.arange(N)`` where every row stands alone.
        first, second: (M,) the pairs.
    """
    group = group.copy()
    while True:
        low, high = np.minimum(group[first], group[second]), np.maximum(group[first], group[second])
        apart = low < high
        if not apart.any():
            return group
        np.minimum.at(group, high[apart], low[apart])
        while (group[group] != group).any():
            group = group[group]
