from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from searchkit.errors import EvaluationError, ShapeError
from searchkit.evaluation import Labelled, LabelledSet, evaluate_clustering, spherical_kmeans, v_measure


def test_v_measure_by_hand() -> None:
    # clusters {a a} {b b} {b b} of labels a a b b b b: each is pure; b lies in two halves
    found = v_measure("aabbbb", [0, 0, 1, 1, 2, 2])
    entropy_of_labels = -(1 / 3) * np.log(1 / 3) - (2 / 3) * np.log(2 / 3)
    assert found.homogeneity == pytest.approx(1)
    assert found.completeness == pytest.approx(entropy_of_labels / np.log(3))


def test_v_measure_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    labels, clusters = rng.integers(0, 5, 300), rng.integers(0, 8, 300)
    clusters[:150] = labels[:150]
    found = v_measure(labels.tolist(), clusters.tolist())
    expected = metrics.homogeneity_completeness_v_measure(labels, clusters)
    assert (found.homogeneity, found.completeness, found.v_measure) == pytest.approx(expected)


@pytest.mark.parametrize("labels", range(2, 6))
@pytest.mark.parametrize("clusters", range(2, 6))
def test_independent_groupings_agree_in_nothing_and_in_no_less(labels: int, clusters: int) -> None:
    count = 3 * labels * clusters
    found = v_measure([n % labels for n in range(count)], [n // labels % clusters for n in range(count)])
    for value in (found.homogeneity, found.completeness, found.v_measure):
        assert 0 <= value < 1e-12


def test_one_cluster_tells_nothing() -> None:
    assert v_measure("ab", [0, 0]).v_measure == 0
    assert v_measure("aa", [0, 0]).v_measure == 1


def test_lengths_must_agree() -> None:
    with pytest.raises(ShapeError, match="2 labels and 1 clusters"):
        v_measure("ab", [0])


def test_kmeans_finds_separate_directions_whatever_the_seed() -> None:
    rng = np.random.default_rng(2)
    rows = np.repeat(np.eye(4), 20, axis=0) + 0.05 * rng.standard_normal((80, 4))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    for seed in range(3):
        clusters = spherical_kmeans(rows, 4, seed=seed)
        assert v_measure([n // 20 for n in range(80)], clusters.tolist()).v_measure == pytest.approx(1)


def test_more_clusters_than_rows_are_refused() -> None:
    with pytest.raises(ShapeError, match="N at least 3"):
        spherical_kmeans(np.eye(2, dtype=np.float32), 3)


def test_texts_of_one_intent_lie_together(encoder: Callable[..., Any]) -> None:
    rows = tuple(
        Labelled((f"{label} {label} noise{n}",), label) for n in range(10) for label in ("card", "loan", "rate")
    )
    report = evaluate_clustering(encoder(), LabelledSet("made up", (), rows))
    assert report.v_measure == pytest.approx(1)
    assert (report.clusters, report.texts) == (3, 30)


def test_pairs_cannot_be_clustered(encoder: Callable[..., Any]) -> None:
    task = LabelledSet("made up", (), (Labelled(("a", "b"), "0"), Labelled(("c", "d"), "1")))
    with pytest.raises(EvaluationError, match="cannot be clustered"):
        evaluate_clustering(encoder(), task)
