from __future__ import annotations

import sys

import numpy as np
import pytest
from themed_corpus import blobs

from searchkit.errors import InputError, MissingExtraError
from searchkit.insight.layout import neighbour_layout
from searchkit.insight.neighbours import neighbour_graph
from searchkit.insight.projection import pca, project, projection_of

HAS_TSNE = projection_of(100, 2, None) == "tsne"
needs_tsne = pytest.mark.skipif(not HAS_TSNE, reason="openTSNE is not installed")
METHODS = ["neighbours", pytest.param("tsne", marks=needs_tsne)]


def shared_neighbours(rows: np.ndarray, places: np.ndarray, k: int = 10) -> float:
    """Of the k nearest rows, the share that is among the k nearest places."""
    apart = ((places[:, np.newaxis] - places) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1)[:, :k]
    true = neighbour_graph(rows, k).places
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(near, true, strict=True)]))


def test_pca_is_that_of_the_singular_values() -> None:
    rows, _ = blobs(4, 30)
    places = pca(rows, 3)
    centred = rows - rows.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(places), np.abs(left[:, :3] * values[:3]), atol=1e-4)
    assert (places.max(axis=0) >= -places.min(axis=0)).all()


def test_rows_of_fewer_dimensions_lie_flat() -> None:
    places = pca(np.array([[1.0], [2], [4]], np.float32), 3)
    np.testing.assert_allclose(places, [[-4 / 3, 0, 0], [-1 / 3, 0, 0], [5 / 3, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_alike_lies_together(method: str) -> None:
    rows, labels = blobs(5, 40)
    places = project(rows, method=method)
    centres = np.stack([places[labels == label].mean(axis=0) for label in range(5)])
    nearest = ((places[:, np.newaxis] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels).mean() > 0.98
    assert shared_neighbours(rows, places) > 1.3 * shared_neighbours(rows, pca(rows, 2))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_rows_lie_in_the_same_places(method: str) -> None:
    rows, _ = blobs(3, 20)
    np.testing.assert_array_equal(project(rows, method=method), project(rows, method=method))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_places_have_the_dimensions_asked_for(dimensions: int) -> None:
    rows, _ = blobs(3, 20)
    places = project(rows, dimensions, method="neighbours")
    assert places.shape == (60, dimensions)
    assert places.dtype == np.float32
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_equal_and_few_rows_have_finite_places(count: int, method: str) -> None:
    rows = np.tile(np.eye(1, 8, dtype=np.float32), (count, 1))
    assert np.isfinite(project(rows, method=method)).all()


def test_equal_rows_come_apart() -> None:
    rows = np.tile(np.eye(1, 8, dtype=np.float32), (30, 1))
    places = neighbour_layout(neighbour_graph(rows, 5), pca(rows, 2), rounds=50)
    assert len(np.unique(places, axis=0)) == 30


@pytest.mark.parametrize(
    ("rows", "dimensions", "method", "expected"),
    [
        (7, 2, "tsne", "pca"),
        (100, 3, None, "neighbours"),
        (100, 2, "pca", "pca"),
        (100, 3, "neighbours", "neighbours"),
        (10**5, 2, None, "neighbours"),
        (10**5, 2, "tsne", "tsne"),
    ],
)
def test_the_method_follows_from_what_there_is(rows: int, dimensions: int, method: str | None, expected: str) -> None:
    assert projection_of(rows, dimensions, method) == expected


@pytest.mark.parametrize(("dimensions", "method", "message"), [(4, None, "2 or 3"), (2, "x", "tsne"), (3, "tsne", "2")])
def test_what_cannot_be_is_an_error(dimensions: int, method: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        project(np.eye(20, dtype=np.float32), dimensions, method=method)


def test_without_opentsne_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[map\]"):
        project(np.eye(20, dtype=np.float32), method="tsne")
