"""Clustering: do texts of one label lie together?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.evaluation.labelled import LabelledSet
    from searchkit.types import Rows

ROUNDS = 25
RESTARTS = 3


@dataclass(frozen=True, slots=True)
class ClusteringReport:
    """Agreement of clusters with labels, each 0 to 1.

    Attributes:
        homogeneity: 1 when every cluster holds one label alone.
        completeness: 1 when every label lies in one cluster.
        v_measure: their harmonic mean.
        clusters: as many as labels.
    """

    name: str
    homogeneity: float
    completeness: float
    v_measure: float
    clusters: int
    texts: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two groupings of the same things agree."""

    homogeneity: float
    completeness: float
    v_measure: float


def evaluate_clustering(encoder: Encoder, task: LabelledSet, *, seed: int = 0) -> ClusteringReport:
    """Cluster the test texts of a task into as many clusters as it has labels. Texts are encoded as passages.

    Raises:
        EvaluationError: the task is of pairs, or has fewer than two labels.
    """
    labels = [row.label for row in task.test]
    count = len(set(labels))
    if count < 2 or any(len(row.texts) > 1 for row in task.test):
        raise EvaluationError(f"{task.name} cannot be clustered: expected single texts of two labels or more")
    clusters = spherical_kmeans(encoder.encode_passages([row.texts[0] for row in task.test]), count, seed=seed)
    found = v_measure(labels, clusters.tolist())
    return ClusteringReport(task.name, found.homogeneity, found.completeness, found.v_measure, count, len(labels))


def spherical_kmeans(rows: Rows, clusters: int, *, seed: int = 0) -> NDArray[np.int64]:
    """(N,) the cluster of each row, by cosine; the best of three starts.

    Args:
        rows: (N, D) unit rows, N at least ``clusters``.
        clusters: how many.
        seed: of the starts.

    Raises:
        ShapeError: fewer rows than clusters.

    Dhillon, Modha 2001, "Concept Decompositions for Large Sparse Text Data using Clustering",
    https://doi.org/10.1023/A:1007612920971
    """
    if rows.ndim != 2 or not 1 <= clusters <= len(rows):
        raise ShapeError(f"rows have shape {rows.shape}; expected (N, D) with N at least {clusters}")
    import faiss

    means = faiss.Kmeans(
        rows.shape[1],
        clusters,
        niter=ROUNDS,
        nredo=RESTARTS,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,  # else faiss warns on standard output about small clusters
        max_points_per_centroid=len(rows),
    )
    means.train(np.ascontiguousarray(rows, np.float32))
    nearest: NDArray[np.int64] = means.index.search(np.ascontiguousarray(rows, np.float32), 1)[1][:, 0]
    return nearest


def v_measure(labels: Sequence[Hashable], clusters: Sequence[Hashable]) -> Agreement:
    """Homogeneity, completeness and their harmonic mean.

    Raises:
        ShapeError: the two differ in length or are empty.

    Rosenberg, Hirschberg 2007, "V-Measure", https://aclanthology.org/D07-1043/
    """
    if len(labels) != len(clusters) or not labels:
        raise ShapeError(f"there are {len(labels)} labels and {len(clusters)} clusters; expected as many, at least 1")
    rows, columns = (np.array(_numbers(side)) for side in (labels, clusters))
    joint = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(joint, (rows, columns), 1)
    of_labels, of_clusters = _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
    shared = max(0.0, of_labels + of_clusters - _entropy(joint.ravel()))  # rounding may leave it just below
    homogeneity = shared / of_labels if of_labels else 1.0
    completeness = shared / of_clusters if of_clusters else 1.0
    total = homogeneity + completeness
    return Agreement(homogeneity, completeness, 2 * homogeneity * completeness / total if total else 0.0)


def _numbers(side: Sequence[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in side]


def _entropy(counts: NDArray[np.float64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return max(0.0, float(-(share * np.log(share)).sum()))
