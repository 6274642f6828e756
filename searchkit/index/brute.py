"""Exact search without an index, and the one place where scores are made.

Two steps. A first pass in float32 (BLAS here, FAISS in the indexes) finds every row that could be among the
best k, given the largest error that float32 sums can have. Then only those are scored in float64, row by row,
and rounded once. So a score depends on the query and the stored row alone: not on the path that found it, the
batch, the position, or the number of threads; and equal rows tie exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import ShapeError
from searchkit.index.contract import (
    NO_ID,
    UNIT_TOLERANCE,
    IdFilter,
    Neighbours,
    StoredRows,
    check_batch,
    check_k,
    unit_queries,
)
from searchkit.index.halves import widened
from searchkit.index.selection import select

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

_BLOCK_ROWS = 2048  # widened to float32 or float64 at a time: in 3 MB of cache at 384 dimensions
_QUERIES_AT_ONCE = 256
_FEW_ROWS = 32


def exact_scores(
    queries: Rows,
    ids: Ids,
    rows: StoredRows,
    k: int,
    *,
    allowed: IdFilter | None = None,
    excluded: Ids | None = None,
) -> Neighbours:
    """Gives the k nearest of the given rows, by the contract of `VectorIndex.search`.

    Args:
        queries: (Q, D) float32 of any length but zero.
        ids: (N,) int64, strictly ascending.
        rows: (N, D) float32 or float16 of unit length, row i of chunk ids[i].

    Raises:
        InputError: k below 1, a query without direction, or rows that are not finite unit vectors.
        ShapeError: shapes or types that do not fit.
    """
    k = check_k(k)
    check_batch(ids, rows, queries.shape[-1])
    unit = unit_queries(queries, rows.shape[1])
    selection = select(ids, allowed, excluded)
    return nearest(unit, ids, rows, k, None if selection is None else selection.positions)


def merge(*parts: Neighbours, k: int) -> Neighbours:
    """Gives the best k of several results for the same queries, which must not share chunk ids.

    Raises:
        InputError: k below 1.
        ShapeError: no parts, or parts for different numbers of queries.
    """
    k = check_k(k)
    if len({len(part.ids) for part in parts}) != 1:
        raise ShapeError(f"parts hold {[len(part.ids) for part in parts]} queries; expected equal numbers")
    scores = np.concatenate([part.scores for part in parts], axis=1)
    ids = np.concatenate([part.ids for part in parts], axis=1)
    best = np.lexsort((ids, -scores), axis=1)[:, :k]
    merged = nothing_found(len(ids), k)
    merged.scores[:, : best.shape[1]] = np.take_along_axis(scores, best, axis=1)
    merged.ids[:, : best.shape[1]] = np.take_along_axis(ids, best, axis=1)
    return merged


def rescore(query: Rows, rows: StoredRows) -> Rows:
    """Gives the cosine of the query with each row, exactly as every index here scores it.

    Args:
        query: (D,) float32 of any length but zero.
        rows: (N, D) float32 or float16 of unit length.

    Returns:
        (N,) float32, each made in float64 from its own row alone.
    """
    if rows.ndim != 2:
        raise ShapeError(f"rows have shape {rows.shape}; expected (any, dimension)")
    every = np.arange(len(rows))
    return _cosines(unit_queries(query[np.newaxis], rows.shape[1]), np.zeros_like(every), rows, every)


def nothing_found(queries: int, k: int) -> Neighbours:
    """Gives a result with every place missing, to be filled."""
    return Neighbours(np.full((queries, k), -np.inf, np.float32), np.full((queries, k), NO_ID, np.int64))


def nearest(unit: Rows, ids: Ids, rows: StoredRows, k: int, positions: NDArray[np.int64] | None) -> Neighbours:
    """Gives the k nearest among the positions (None: all) for (Q, D) unit queries; `ids` ascend.

    Memory holds 2,048 rows in float32 and their scores with 256 queries, whatever the number of rows.
    """
    found = nothing_found(len(unit), k)
    for first in range(0, len(unit), _QUERIES_AT_ONCE):
        part = slice(first, first + _QUERIES_AT_ONCE)
        _Best(Neighbours(found.scores[part], found.ids[part]), unit[part], ids, rows).take(positions)
    return found


def refine(
    found: Neighbours, place: int, query: Rows, ids: Ids, rows: StoredRows, positions: NDArray[np.int64]
) -> None:
    """Scores the rows at the positions in float64 and puts the best into `found` at `place`."""
    k = found.ids.shape[1]
    if len(positions) > 2 * k + _FEW_ROWS:  # float32 tells most of them apart, in a third of the time
        rough = widened(rows.take(positions, axis=0)) @ query
        floor = np.partition(rough, -k)[-k] - rounding_margin(rows.shape[1])
        positions = positions[rough >= floor]
    scores = _cosines(query[np.newaxis], np.zeros_like(positions), rows, positions)
    near = ids[positions]
    best = np.lexsort((near, -scores))[:k]
    found.scores[place, : len(best)] = scores[best]
    found.ids[place, : len(best)] = near[best]


def rounding_margin(dimension: int) -> float:
    """Gives how far two float32 scores can be apart when the true ones are equal, or the other way round.

    A sum of D float32 products of vectors of length a and b is off by at most about D * 2^-24 * a * b, in
    whatever order it is added; twice that for two of them.
    Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.1
    """
    return 2 * (dimension + 4) * 2.0**-24 * (1 + 2 * UNIT_TOLERANCE)


class _Best:
    """The best rows so far of each query, in `found`; what cannot be among them is passed over in float32."""

    def __init__(self, found: Neighbours, queries: Rows, ids: Ids, rows: StoredRows) -> None:
        self._found, self._queries, self._ids, self._rows = found, queries, ids, rows
        self._floor = np.full((len(queries), 1), -np.inf, np.float32)  # a row below it is not among the best
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []  # (query, position) of rows above it

    def take(self, positions: NDArray[np.int64] | None) -> None:
        """Look at the rows at the positions, ascending; None for all."""
        count = len(self._ids) if positions is None else len(positions)
        wide = np.empty((min(count, _BLOCK_ROWS), self._rows.shape[1]), np.float32)
        for start in range(0, count, _BLOCK_ROWS):
            block = slice(start, min(start + _BLOCK_ROWS, count))
            rows = self._rows[block] if positions is None else self._rows[positions[block]]
            self._look_at(widened(rows, out=wide[: len(rows)]), start, positions)
        self._settle()

    def _look_at(self, block: Rows, start: int, positions: NDArray[np.int64] | None) -> None:
        k, margin = self._found.ids.shape[1], np.float32(rounding_margin(block.shape[1]))
        scores = self._queries @ block.T  # (Q, B)
        if start == 0 and k < len(block):
            self._floor = np.partition(scores, -k, axis=1)[:, -k, np.newaxis] - margin
        query, near = np.divmod(np.flatnonzero(scores >= self._floor), len(block))
        near += start
        self._waiting.append((query, near if positions is None else positions[near]))
        if sum(len(one) for one, _ in self._waiting) >= self._found.ids.size:
            self._settle()
            self._floor = np.maximum(self._floor, self._found.scores[:, -1:] - margin)

    def _settle(self) -> None:
        """Score what waits in float64 and keep the best."""
        if not self._waiting:
            return
        query, position = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        self._waiting.clear()
        if not len(query):
            return
        order = np.argsort(query, kind="stable")
        query, position = query[order], position[order]
        counts = np.bincount(query, minlength=len(self._queries))
        place = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
        new = nothing_found(len(self._queries), int(counts.max()))
        new.scores[query, place] = _cosines(self._queries, query, self._rows, position)
        new.ids[query, place] = self._ids[position]
        best = merge(self._found, new, k=self._found.ids.shape[1])
        self._found.scores[:], self._found.ids[:] = best.scores, best.ids


def _cosines(queries: Rows, query: NDArray[np.int64], rows: StoredRows, position: NDArray[np.int64]) -> Rows:
    """The score of each pair of a query and a row, (M,) float32: in float64 from its own row alone, rounded once."""
    scores = np.empty(len(position), np.float32)
    for start in range(0, len(position), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        products = np.multiply(widened(rows[position[block]]), queries[query[block]], dtype=np.float64)
        scores[block] = products.sum(axis=1)
    return scores
