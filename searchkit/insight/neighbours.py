"""The nearest other rows of every row: exact for thousands, by a graph (HNSW) for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

EXACT_ROWS = 20_000  # up to here every pair is compared: 20,000 rows take seconds
_BLOCK = 1024
_LINKS, _BUILD_WIDTH, _SEARCH_WIDTH = 16, 80, 64  # M, efConstruction and efSearch of HNSW


@dataclass(frozen=True, eq=False, slots=True)
class NeighbourGraph:
    """The ``k`` nearest others of each row, nearest first.

    Attributes:
        places: (N, k) int64, positions of rows; a row is never its own neighbour.
        cosines: (N, k) float32.
        is_exact: whether all pairs were compared.
    """

    places: NDArray[np.int64]
    cosines: NDArray[np.float32]
    is_exact: bool


def neighbour_graph(rows: Rows, k: int, *, exact_rows: int = EXACT_ROWS) -> NeighbourGraph:
    """The nearest others of every row by cosine.

    Args:
        rows: (N, D) float32 unit rows.
        k: neighbours of each, 1 to N - 1.
        exact_rows: with more rows than this a graph is searched instead of all pairs: time O(N log N), and a few
            neighbours may be missed. The graph is made on one thread, so that it is the same every time.

    Raises:
        InputError: ``k`` is out of range.

    Malkov, Yashunin 2018, "Efficient and robust approximate nearest neighbor search using HNSW graphs",
    https://arxiv.org/abs/1603.09320
    """
    if not 1 <= k < len(rows):
        raise InputError(f"{k} neighbours were asked for; expected 1 to {len(rows) - 1} for {len(rows)} rows")
    index = _flat(rows) if len(rows) <= exact_rows else _graph(rows)
    places, cosines = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    for first in range(0, len(rows), _BLOCK):
        own = np.arange(first, min(first + _BLOCK, len(rows)))
        found, near = index.search(rows[own], k + 1)
        others = near != own[:, np.newaxis]
        others[others.all(axis=1), -1] = False  # among many equal rows a row may not meet itself
        places[own], cosines[own] = near[others].reshape(-1, k), found[others].reshape(-1, k)
    lost = np.flatnonzero((places < 0).any(axis=1))  # a graph may have corners that no path leads out of
    for first in range(0, len(lost), _BLOCK):
        own = lost[first : first + _BLOCK]
        places[own], cosines[own] = _compared_with_all(rows, own, k)
    return NeighbourGraph(places, cosines, len(rows) <= exact_rows)


def _flat(rows: Rows) -> Any:
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index


def _graph(rows: Rows) -> Any:
    import faiss

    index = faiss.IndexHNSWFlat(rows.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = _BUILD_WIDTH, _SEARCH_WIDTH
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # threads would race for the links, and no two graphs would be alike
    try:
        index.add(rows)
    finally:
        faiss.omp_set_num_threads(threads)
    return index


def _compared_with_all(rows: Rows, own: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    cosines = rows[own] @ rows.T
    cosines[np.arange(len(own)), own] = -np.inf
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return nearest, np.take_along_axis(cosines, nearest, axis=1)
