"""Topics where the texts lie dense, and no topic for the others: HDBSCAN over the graph of nearest neighbours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import MissingExtraError
from searchkit.insight.neighbours import neighbour_graph
from searchkit.search.asking.topics import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

NEIGHBOURS = 30
_SMOOTHED_OVER = 15
_CORE = 5  # neighbours that make a dense place: HDBSCAN's min_samples
_FARTHEST = 2.0  # no two unit vectors are farther apart


def dense_groups(rows: Rows, least: int) -> NDArray[np.int64]:
    """(N,) the group of each row, numbered from 0; -1 for rows that lie in no dense place.

    Each row first moves to the mean of its neighbours (one step of mean shift, which parts the groups), then HDBSCAN
    runs on the graph of each row's neighbours instead of all pairs: time O(N log N).

    Args:
        rows: (N, D) float32 unit rows.
        least: rows of the smallest group, at least 2.

    Raises:
        MissingExtraError: scikit-learn is not installed.

    Campello, Moulavi, Sander 2013, "Density-Based Clustering Based on Hierarchical Density Estimates",
    https://doi.org/10.1007/978-3-642-37456-2_14; mean shift: Fukunaga, Hostetler 1975,
    https://doi.org/10.1109/TIT.1975.1055330
    """
    try:
        from sklearn.cluster import HDBSCAN
    except ImportError as exc:
        raise MissingExtraError("scikit-learn, which finds topics by density,", "eval") from exc
    if len(rows) <= max(least, _CORE + 1):
        return np.full(len(rows), -1)
    near = neighbour_graph(rows, min(_SMOOTHED_OVER, len(rows) - 1)).places
    smoothed = unit_rows(rows + rows[near].sum(axis=1))
    distances = _distance_graph(smoothed, min(NEIGHBOURS, len(rows) - 1))
    model = HDBSCAN(min_cluster_size=least, min_samples=_CORE, metric="precomputed", copy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some pairs are not in the graph is what we want
        groups: NDArray[np.int64] = model.fit_predict(distances).astype(np.int64)
    return np.where(groups < 0, -1, groups)


def _distance_graph(rows: Rows, k: int) -> Any:
    """Euclidean distances to the nearest rows, symmetric and connected (N, N), sparse."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    found = neighbour_graph(rows, k)
    own = np.repeat(np.arange(len(rows)), k)
    # a distance of 0 would count as no edge
    apart = np.sqrt(np.maximum(2 - 2 * found.cosines.ravel().astype(np.float64), 1e-12))
    graph = coo_matrix((apart, (own, found.places.ravel())), shape=(len(rows), len(rows))).tocsr()
    graph = graph.maximum(graph.T)
    parts, part = connected_components(graph, directed=False)
    if parts > 1:  # a tree over all rows needs them joined; such an edge is cut first
        first = np.unique(part, return_index=True)[1]
        ends = (np.full(parts - 1, first[0]), first[1:])
        bridges = coo_matrix((np.full(parts - 1, _FARTHEST), ends), shape=graph.shape).tocsr()
        graph = graph.maximum(bridges).maximum(bridges.T)
    return graph.tocsr()
