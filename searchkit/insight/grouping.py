"""Rows -> groups, by one of two methods; rows that fit no group stay outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.insight.kmeans import spherical_kmeans, sums_of
from searchkit.insight.number import Tried, clearest, margins, numbers_to_try
from searchkit.insight.ward import cut_tree, ward_tree
from searchkit.search.asking.topics import nearest_topics, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

METHODS = ("kmeans", "density")
LEAST_SIZE = 2  # chunks: one by itself is no dense place
SMALL_GROUPS = 1024  # what the tree is made over: the rows where there are no more, else small groups of them
_SMALL_A_GROUP = 4  # at least so many for each group that is asked for
_ROWS_A_SMALL_GROUP = 32  # that its centre is made from
_SMALL_ROUNDS, _LAST_ROUNDS = 8, 10
_FENCED = 8  # rows below which quartiles say nothing


@dataclass(frozen=True, eq=False, slots=True)
class Grouping:
    """Groups of rows, the largest first; of equally large ones that with the first row.

    Attributes:
        members: (N,) int64 from 1; 0 for rows outside of all.
        centres: (K, D) float32 unit rows.
        least: (K,) float32, the lowest cosine with the centre of what belongs to the group.
        tried: numbers of groups that were compared.
    """

    members: NDArray[np.int64]
    centres: Rows
    least: NDArray[np.float32]
    tried: tuple[Tried, ...] = ()


def group_rows(
    rows: Rows, *, number: int | None = None, method: str = "kmeans", least_size: int | None = None, seed: int = 0
) -> Grouping:
    """The groups of (N, D) float32 unit rows, N at least 1; `searchkit.insight.find_topics` tells of the rest.

    Raises:
        InputError: an unknown method, a smallest group of less than two or for another method than density, or more
            groups than different rows.
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    if least_size is not None and least_size < LEAST_SIZE:
        raise InputError(f"least_size is {least_size}; expected at least {LEAST_SIZE} chunks")
    if least_size is not None and method != "density":
        raise InputError(
            f"method {method!r} knows no smallest topic; least_size is {least_size}", hint="choose the method density"
        )
    different = _Different.of(rows)
    if number is not None and not 1 <= number <= len(different.first):
        raise InputError(f"{number} topics were asked for; expected 1 to {len(different.first)}, the different chunks")
    if method == "density":
        return _by_density(rows, number, least_size)
    return _by_centres(rows, different, number, seed)


@dataclass(frozen=True, eq=False, slots=True)
class _Different:
    """The rows without repetition: where each stands first, and which of them every row is."""

    first: NDArray[np.int64]
    which: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows) -> _Different:
        whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
        _, first, which = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return cls(first[order], np.argsort(order)[which])


def _by_centres(rows: Rows, different: _Different, number: int | None, seed: int) -> Grouping:
    """Ward's tree over small groups, cut, then spherical k-means from the centres of the cut.

    The tree gives better first centres than rows that are drawn, and tells what every other number would give.
    """
    small = _small_groups(rows, different, number or 0, seed)
    weights = np.bincount(small).astype(np.float64)
    means = sums_of(rows, small, len(weights)) / weights[:, np.newaxis]
    tree = ward_tree(means, weights)
    tried: tuple[Tried, ...] = ()
    if number is None:
        tried = tuple(margins(tree, means, weights, numbers_to_try(len(different.first), len(means))))
        number = clearest(tried)
    cut = cut_tree(tree, min(number, len(means)))[small]
    first_centres = unit_rows(sums_of(rows, cut, int(cut.max()) + 1))
    found = spherical_kmeans(rows, first_centres, rounds=_LAST_ROUNDS, seed=seed)
    least = _fences(found.cosines, found.nearest, len(found.centres))
    return _ordered(nearest_topics(rows, found.centres, least), found.centres, least, tried)


def _small_groups(rows: Rows, different: _Different, number: int, seed: int) -> NDArray[np.int64]:
    """(N,) the small group of each row, numbered without gaps."""
    count = max(SMALL_GROUPS, _SMALL_A_GROUP * number)
    if len(different.first) <= count:
        return different.which
    found = spherical_kmeans(rows, count, rounds=_SMALL_ROUNDS, seed=seed, trained_on=_ROWS_A_SMALL_GROUP * count)
    return np.unique(found.nearest, return_inverse=True)[1]


def _by_density(rows: Rows, number: int | None, least_size: int | None) -> Grouping:
    from searchkit.insight.density import dense_groups

    groups = dense_groups(rows, least_size or max(5, round(len(rows) ** (1 / 3))))
    inside, count = groups >= 0, int(groups.max()) + 1
    if not count:
        nothing = np.empty((0, rows.shape[1]), np.float32)
        return Grouping(np.zeros(len(rows), np.int64), nothing, np.empty(0, np.float32))
    if number is not None and count > number:
        sizes = np.bincount(groups[inside]).astype(np.float64)
        tree = ward_tree(sums_of(rows[inside], groups[inside], count) / sizes[:, np.newaxis], sizes)
        groups, count = np.where(inside, cut_tree(tree, number)[groups], -1), number
    centres = unit_rows(sums_of(rows[inside], groups[inside], count))
    cosines = np.full(len(rows), -1, np.float32)
    cosines[inside] = np.einsum("nd,nd->n", rows[inside], centres[groups[inside]])
    least = _fences(cosines[inside], groups[inside], count)
    strays = inside & (cosines < least[groups])  # that only their neighbours' pull brought in
    return _ordered(np.where(strays, 0, groups + 1), centres, least, ())


def _fences(cosines: NDArray[np.float32], groups: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """The lowest cosine in each group that is no outlier: 1.5 interquartile ranges below the first quartile.

    Tukey 1977, "Exploratory Data Analysis", section 2D
    """
    fences = np.full(count, -1, np.float32)
    for group in range(count):
        own = cosines[groups == group]
        if len(own) >= _FENCED:
            low, high = np.quantile(own, [0.25, 0.75])
            fences[group] = min(low - 1.5 * (high - low), np.nextafter(own.max(), np.float32(-1)))
    return fences


def _ordered(
    members: NDArray[np.int64], centres: Rows, least: NDArray[np.float32], tried: tuple[Tried, ...]
) -> Grouping:
    """The groups by size; one that nothing is left of is dropped."""
    count = len(centres)
    sizes = np.bincount(members, minlength=count + 1)[1:]
    first = np.full(count, len(members))
    np.minimum.at(first, members[members > 0] - 1, np.flatnonzero(members))
    order = np.lexsort((first, -sizes))[: int((sizes > 0).sum())]
    number = np.zeros(count + 1, np.int64)
    number[order + 1] = np.arange(1, len(order) + 1)
    return Grouping(number[members], centres[order], least[order], tried)
