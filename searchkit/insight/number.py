"""How many topics: as many as there may be while chunks lie clear with their own and not with the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.insight.kmeans import sums_of
from searchkit.insight.ward import cut_tree
from searchkit.search.asking.topics import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from searchkit.insight.ward import Merge

LEAST_MEAN_SIZE = 5  # rows a topic, on average
MOST = 256
_STEP = 1.15  # from one number that is tried to the next
_AS_CLEAR = 0.95  # of the largest margin: up to here more topics tell more and lie as clear


@dataclass(frozen=True, slots=True)
class Tried:
    """A number of topics and its margin: the mean cosine with the others of the own topic, less that with the next."""

    topics: int
    margin: float


def numbers_to_try(rows: int, points: int) -> list[int]:
    """Numbers of topics for so many different rows in so many points of the tree, each about 15 % above the one before.

    From the cube root of the rows, since two or three groups often lie clearest and tell least, to a fifth of them.
    """
    number, most = max(2.0, round(rows ** (1 / 3))), min(MOST, rows // LEAST_MEAN_SIZE, points)
    numbers = []
    while number <= most:
        numbers.append(int(number))
        number = max(int(number) + 1, number * _STEP)
    return numbers


def margins(
    tree: tuple[Merge, ...], means: NDArray[np.float64], weights: NDArray[np.float64], numbers: Sequence[int]
) -> list[Tried]:
    """The margin of each cut of the tree.

    Args:
        tree: over the M points.
        means: (M, D) means of unit rows, not made unit again: their cosine with a centre is the rows' mean cosine.
        weights: (M,) rows that each stands for.
        numbers: of topics, 2 to M.

    The margin is the numerator of the simplified silhouette; undivided it does not reward topics of few rows. A point
    is compared with the centre of its topic without itself, or topics of few points would always lie clearest; one
    that is its whole topic has a margin of 0.
    Rousseeuw 1987, "Silhouettes", https://doi.org/10.1016/0377-0427(87)90125-7
    """
    weighted = means * weights[:, np.newaxis]
    places = np.arange(len(means))
    tried = []
    for number in numbers:
        groups = cut_tree(tree, number)
        sums = sums_of(weighted, groups, number)
        cosines = means @ unit_rows(sums).astype(np.float64).T
        cosines[places, groups] = -np.inf
        own = np.einsum("md,md->m", means, unit_rows(sums[groups] - weighted).astype(np.float64))
        apart = np.where(np.bincount(groups)[groups] > 1, own - cosines.max(axis=1), 0.0)
        tried.append(Tried(number, float(np.average(apart, weights=weights))))
    return tried


def clearest(tried: Sequence[Tried]) -> int:
    """The largest number whose margin is at least 95 % of the best; 1 where nothing was tried."""
    best = max((one.margin for one in tried), default=0.0)
    return max((one.topics for one in tried if one.margin >= min(best, _AS_CLEAR * best)), default=1)
