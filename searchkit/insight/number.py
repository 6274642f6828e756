"""How many topics: the number at which chunks lie clearest with their own and not with the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.insight.kmeans import sums_of
from searchkit.insight.ward import cut_tree
from searchkit.search.topics import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from searchkit.insight.ward import Merge

LEAST_MEAN_SIZE = 5  # rows a topic, on average
MOST = 256
_STEP = 1.15  # from one number that is tried to the next


@dataclass(frozen=True, slots=True)
class Tried:
    """A number of topics and its margin: the mean cosine with the own centre, less that with the next nearest."""

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

    The margin is the numerator of the simplified silhouette; undivided it does not reward topics of few rows.
    Rousseeuw 1987, "Silhouettes", https://doi.org/10.1016/0377-0427(87)90125-7
    """
    tried = []
    for number in numbers:
        groups = cut_tree(tree, number)
        centres = unit_rows(sums_of(means * weights[:, np.newaxis], groups, number)).astype(np.float64)
        cosines = means @ centres.T
        places = np.arange(len(means))
        own = cosines[places, groups].copy()
        cosines[places, groups] = -np.inf
        tried.append(Tried(number, float(np.average(own - cosines.max(axis=1), weights=weights))))
    return tried
