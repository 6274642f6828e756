from __future__ import annotations

import numpy as np
import pytest
from themed_corpus import blobs

from searchkit.errors import ShapeError
from searchkit.insight.kmeans import spherical_kmeans, sums_of


def test_every_row_is_in_the_cluster_whose_centre_is_nearest() -> None:
    rows, _ = blobs(5, 40)
    found = spherical_kmeans(rows, 5, rounds=10, seed=3)
    cosines = rows @ found.centres.T
    np.testing.assert_array_equal(found.nearest, cosines.argmax(axis=1))
    np.testing.assert_allclose(found.cosines, cosines.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-5)


def test_centres_may_be_given() -> None:
    rows, labels = blobs(4, 30)
    given = np.stack([rows[labels == label].mean(axis=0) for label in range(4)])
    found = spherical_kmeans(rows, given / np.linalg.norm(given, axis=1, keepdims=True), rounds=2)
    np.testing.assert_array_equal(found.nearest, labels)


def test_the_centres_come_from_the_first_rows_alone_where_that_is_asked() -> None:
    rows, _ = blobs(2, 50)
    other = np.concatenate([rows[:60], -rows[60:]])
    one, two = (spherical_kmeans(some, 2, rounds=5, trained_on=60) for some in (rows, other))
    np.testing.assert_array_equal(one.centres, two.centres)


def test_more_clusters_than_rows_is_an_error() -> None:
    with pytest.raises(ShapeError, match="at least 4"):
        spherical_kmeans(np.eye(3, dtype=np.float32), 4, rounds=1)


def test_sums_by_group() -> None:
    rows = np.arange(8.0).reshape(4, 2)
    sums = sums_of(rows, np.array([2, 0, 2, 0]), 4)
    np.testing.assert_array_equal(sums, [[8, 10], [0, 0], [4, 6], [0, 0]])
