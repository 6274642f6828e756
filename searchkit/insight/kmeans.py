"""Spherical k-means over many rows, by FAISS: few starts, bounded work, centres that may be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows


@dataclass(frozen=True, eq=False, slots=True)
class Clusters:
    """Attributes:
    centres: (K, D) float32 unit rows.
    nearest: (N,) int64 the cluster of each row.
    cosines: (N,) float32 of each row with its centre.
    """

    centres: Rows
    nearest: NDArray[np.int64]
    cosines: NDArray[np.float32]


def spherical_kmeans(
    rows: Rows, clusters: int | Rows, *, rounds: int, seed: int = 0, trained_on: int | None = None
) -> Clusters:
    """The rows in clusters by cosine, every row in the one whose centre is nearest.

    Args:
        rows: (N, D) float32 unit rows.
        clusters: how many, at most N; or (K, D) centres to begin with.
        rounds: of assignment and new centres.
        seed: of the first centres, where none are given.
        trained_on: the centres are made from the first so many rows alone; None: from all.

    Raises:
        ShapeError: fewer rows than clusters.

    Dhillon, Modha 2001, "Concept Decompositions for Large Sparse Text Data using Clustering",
    https://doi.org/10.1023/A:1007612920971
    """
    count = clusters if isinstance(clusters, int) else len(clusters)
    sample = np.ascontiguousarray(rows[:trained_on], np.float32)
    if rows.ndim != 2 or not 1 <= count <= len(sample):
        raise ShapeError(f"rows have shape {sample.shape}; expected (N, D) with N at least {count}")
    import faiss

    means = faiss.Kmeans(
        rows.shape[1],
        count,
        niter=rounds,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,  # else faiss warns on standard output about small clusters
        max_points_per_centroid=len(sample),
    )
    means.train(sample, init_centroids=None if isinstance(clusters, int) else clusters)
    cosines, nearest = means.index.search(np.ascontiguousarray(rows, np.float32), 1)
    return Clusters(np.array(means.centroids), nearest[:, 0], cosines[:, 0])


def sums_of(rows: NDArray[np.floating], groups: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """(count, D) the sum of the rows of each group."""
    order = np.argsort(groups, kind="stable")
    sums = np.zeros((count, rows.shape[1]))
    ends = np.searchsorted(groups[order], np.arange(1, count + 1))
    start = 0
    for group, end in enumerate(ends.tolist()):
        sums[group] = rows[order[start:end]].sum(axis=0, dtype=np.float64)
        start = end
    return sums
