"""Ward's tree over weighted points: which groups merge, in which order, and how much that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Merge:
    """Two groups that become one.

    Attributes:
        left, right: numbers of the groups: 0 to N-1 are the points, N + i is what merge i made; left < right.
        cost: by how much the sum of squared distances to the means grows; never falls from one merge to the next.
    """

    left: int
    right: int
    cost: float


def ward_tree(points: NDArray[np.floating], weights: NDArray[np.float64]) -> tuple[Merge, ...]:
    """The N-1 merges from N points to one group, the cheapest first.

    Time O(N^2 D), memory O(N^2).

    Args:
        points: (N, D) of any length, N at least 1.
        weights: (N,) above 0: how many rows each point stands for.

    Raises:
        ShapeError: shapes that do not fit, or a weight that is not above 0.

    Ward 1963, "Hierarchical Grouping to Optimize an Objective Function", https://doi.org/10.1080/01621459.1963.10500845,
    by chains of nearest neighbours: Murtagh 1983, https://doi.org/10.1093/comjnl/26.4.354
    """
    if points.ndim != 2 or weights.shape != points.shape[:1] or not len(points) or not (weights > 0).all():
        raise ShapeError(f"points are {points.shape}, weights {weights.shape}; expected (N, D) and N weights above 0")
    groups = _Groups(points, weights)
    while groups.count > 1:
        groups.merge_nearest()
    return _in_order(groups.merges, len(points))


def cut_tree(merges: tuple[Merge, ...], groups: int) -> NDArray[np.int64]:
    """(N,) the group of each point when the tree over N = len(merges) + 1 points is cut into so many groups.

    Groups are numbered by their first point.
    """
    points = len(merges) + 1
    if not 1 <= groups <= points:
        raise ShapeError(f"{groups} groups were asked of {points} points")
    top = np.arange(2 * points - 1)
    for made, merge in reversed(list(enumerate(merges[: points - groups], start=points))):
        top[[merge.left, merge.right]] = top[made]
    _, first, inverse = np.unique(top[:points], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


class _Groups:
    """What merging any two of the groups that are left would cost, and a chain of nearest neighbours.

    A group that comes into being takes the row of one of its parts; the other's stays empty.
    """

    def __init__(self, points: NDArray[np.floating], weights: NDArray[np.float64]) -> None:
        self.count = len(points)
        self.merges: list[Merge] = []
        self._costs = _costs_of_pairs(points.astype(np.float64), weights)
        self._weights = weights.astype(np.float64)
        self._is_left = np.ones(self.count, dtype=bool)
        self._names = list(range(self.count))
        self._made_at = np.zeros(self.count)  # the cost of the merge that made each group
        self._chain: list[int] = []

    def merge_nearest(self) -> None:
        """Follow nearest neighbours until two are each other's, and make them one."""
        if not self._chain:
            self._chain.append(int(self._is_left.argmax()))
        while True:
            costs = self._costs[self._chain[-1]]
            nearest = int(costs.argmin())
            if len(self._chain) > 1 and costs[self._chain[-2]] <= costs[nearest]:
                break  # on a tie too, or equal points would be followed in a circle
            self._chain.append(nearest)
        self._join(self._chain.pop(), self._chain.pop())

    def _join(self, one: int, other: int) -> None:
        cost = self._costs[one, other]
        mine, its = self._weights[one], self._weights[other]
        total = mine + its + self._weights
        joined = ((mine + self._weights) * self._costs[one] + (its + self._weights) * self._costs[other]) / total
        joined -= self._weights * cost / total  # Lance, Williams 1967
        joined[~self._is_left] = joined[[one, other]] = np.inf
        self._costs[one] = self._costs[:, one] = joined
        self._costs[other] = self._costs[:, other] = np.inf
        self._weights[one], self._is_left[other] = mine + its, False
        # never below the parts' own, which rounding could make it
        self._made_at[one] = max(cost, self._made_at[one], self._made_at[other])
        left, right = sorted((self._names[one], self._names[other]))
        self._names[one] = len(self._names) + len(self.merges)
        self.merges.append(Merge(left, right, float(self._made_at[one])))
        self.count -= 1


def _costs_of_pairs(points: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (points**2).sum(axis=1)
    costs: NDArray[np.float64] = np.maximum(squares[:, np.newaxis] + squares - 2 * (points @ points.T), 0.0)
    costs *= weights[:, np.newaxis] * weights / (weights[:, np.newaxis] + weights)
    np.fill_diagonal(costs, np.inf)
    return costs


def _in_order(merges: list[Merge], points: int) -> tuple[Merge, ...]:
    """The merges by cost, their groups numbered anew; a chain finds them in another order, parts before the whole."""
    order = sorted(range(len(merges)), key=lambda number: merges[number].cost)
    renamed = {points + old: points + new for new, old in enumerate(order)}
    ordered = []
    for number in order:
        left, right = sorted(renamed.get(side, side) for side in (merges[number].left, merges[number].right))
        ordered.append(Merge(left, right, merges[number].cost))
    return tuple(ordered)
