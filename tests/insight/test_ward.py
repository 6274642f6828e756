from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, ward

from searchkit.errors import ShapeError
from searchkit.evaluation import v_measure
from searchkit.insight.ward import Merge, cut_tree, ward_tree


def test_two_pairs_by_hand() -> None:
    # 0 and 1 merge at 1/2 |0-1|^2 = 0.5, 10 and 12 at 2, then (2 * 2 / 4) |0.5 - 11|^2 = 110.25
    points = np.array([[0.0], [10], [1], [12]])
    assert ward_tree(points, np.ones(4)) == (Merge(0, 2, 0.5), Merge(1, 3, 2.0), Merge(4, 5, 110.25))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_costs_and_cuts_are_those_of_scipy(seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal((80, 5))
    ours, theirs = ward_tree(points, np.ones(80)), ward(points)
    np.testing.assert_allclose([merge.cost for merge in ours], theirs[:, 2] ** 2 / 2)
    for groups in (1, 2, 7, 40, 80):
        expected = fcluster(theirs, groups, "maxclust").tolist()
        assert v_measure(expected, cut_tree(ours, groups).tolist()).v_measure == pytest.approx(1)


def test_a_weight_stands_for_as_many_equal_points() -> None:
    points = np.random.default_rng(3).standard_normal((12, 3))
    weights = np.array([1, 3, 2] * 4)
    together = ward_tree(points, weights.astype(float))
    apart = ward_tree(np.repeat(points, weights, axis=0), np.ones(weights.sum()))
    np.testing.assert_allclose([merge.cost for merge in apart][-11:], [merge.cost for merge in together])


def test_equal_points_merge_for_nothing() -> None:
    tree = ward_tree(np.ones((6, 2)), np.ones(6))
    assert [merge.cost for merge in tree] == [0.0] * 5


def test_a_single_point_has_no_merges() -> None:
    assert ward_tree(np.ones((1, 2)), np.ones(1)) == ()
    assert cut_tree((), 1).tolist() == [0]


def test_groups_are_numbered_by_their_first_point() -> None:
    tree = ward_tree(np.array([[9.0], [0], [9.1], [0.1], [5]]), np.ones(5))
    assert cut_tree(tree, 3).tolist() == [0, 1, 0, 1, 2]


def test_shapes_that_do_not_fit_are_errors() -> None:
    with pytest.raises(ShapeError, match="weights"):
        ward_tree(np.ones((3, 2)), np.ones(2))
    with pytest.raises(ShapeError, match="above 0"):
        ward_tree(np.ones((2, 2)), np.array([1.0, 0]))
    with pytest.raises(ShapeError, match="3 groups"):
        cut_tree((Merge(0, 1, 1.0),), 3)
