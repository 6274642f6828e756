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
    check_ascending,
    check_batch,
    check_k,
    unit_queries,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

_BLOCK_ROWS = 4096  # widened to float32 or float64 at a time
_SCORES_HELD = 1 << 24  # first-pass scores held at a time: 64 MB


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
    check_k(k)
    check_batch(ids, rows, queries.shape[-1])
    unit = unit_queries(queries, rows.shape[1])
    return nearest(unit, ids, rows, k, selected_positions(ids, allowed, excluded))


def merge(*parts: Neighbours, k: int) -> Neighbours:
    """Gives the best k of several results for the same queries, which must not share chunk ids.

    Raises:
        InputError: k below 1.
        ShapeError: no parts, or parts for different numbers of queries.
    """
    check_k(k)
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
    return _cosines(unit_queries(query[np.newaxis], rows.shape[1])[0], rows)


def nothing_found(queries: int, k: int) -> Neighbours:
    """Gives a result with every place missing, to be filled."""
    return Neighbours(np.full((queries, k), -np.inf, np.float32), np.full((queries, k), NO_ID, np.int64))


def selected_positions(ids: Ids, allowed: IdFilter | None, excluded: Ids | None) -> NDArray[np.int64] | None:
    """Gives where in `ids` the chunks stand that may be returned, ascending; None when all may be."""
    if allowed is None and excluded is None:
        return None
    selected = np.full(len(ids), allowed is None)
    if allowed is not None:
        selected[_positions_of(allowed.ids, ids)] = True
    if excluded is not None:
        check_ascending(excluded, "excluded ids")
        selected[_positions_of(excluded, ids)] = False
    return np.flatnonzero(selected)


def nearest(unit: Rows, ids: Ids, rows: StoredRows, k: int, positions: NDArray[np.int64] | None) -> Neighbours:
    """Gives the k nearest among the positions (None: all) for (Q, D) unit queries."""
    found = nothing_found(len(unit), k)
    count = len(ids) if positions is None else len(positions)
    step = max(1, _SCORES_HELD // max(1, count))
    for first in range(0, len(unit), step):
        queries = unit[first : first + step]
        for offset, scores in enumerate(_first_pass(queries, rows, positions, count)):
            near = _could_be_best(scores, k, rounding_margin(rows.shape[1]))
            chosen = near if positions is None else positions[near]
            refine(found, first + offset, queries[offset], ids, rows, chosen)
    return found


def refine(
    found: Neighbours, place: int, query: Rows, ids: Ids, rows: StoredRows, positions: NDArray[np.int64]
) -> None:
    """Scores the rows at the positions in float64 and puts the best into `found` at `place`."""
    scores, near = _cosines(query, rows, positions), ids[positions]
    best = np.lexsort((near, -scores))[: found.ids.shape[1]]
    found.scores[place, : len(best)] = scores[best]
    found.ids[place, : len(best)] = near[best]


def rounding_margin(dimension: int) -> float:
    """Gives how far two float32 scores can be apart when the true ones are equal, or the other way round.

    A sum of D float32 products of vectors of length a and b is off by at most about D * 2^-24 * a * b, in
    whatever order it is added; twice that for two of them.
    Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.1
    """
    return 2 * (dimension + 4) * 2.0**-24 * (1 + 2 * UNIT_TOLERANCE)


def _first_pass(queries: Rows, rows: StoredRows, positions: NDArray[np.int64] | None, count: int) -> Rows:
    scores = np.empty((len(queries), count), np.float32)
    for start in range(0, count, _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        chosen = rows[block] if positions is None else rows[positions[block]]
        np.matmul(queries, chosen.astype(np.float32, copy=False).T, out=scores[:, block])
    return scores


def _could_be_best(scores: Rows, k: int, margin: float) -> NDArray[np.int64]:
    if k >= len(scores):
        return np.arange(len(scores))
    kth = np.partition(scores, len(scores) - k)[len(scores) - k]
    return np.flatnonzero(scores >= kth - margin)


def _cosines(query: Rows, rows: StoredRows, positions: NDArray[np.int64] | None = None) -> Rows:
    count = len(rows) if positions is None else len(positions)
    scores, wide = np.empty(count, np.float32), query.astype(np.float64)
    for start in range(0, count, _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        chosen = rows[block] if positions is None else rows[positions[block]]
        scores[block] = (chosen.astype(np.float64) * wide).sum(axis=1)
    return scores


def _positions_of(wanted: Ids, ids: Ids) -> NDArray[np.int64]:
    """Where the wanted ids that exist stand in `ids`; both ascending."""
    if not len(ids):
        return np.empty(0, np.int64)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    existing: NDArray[np.int64] = places[ids[places] == wanted]
    return existing
