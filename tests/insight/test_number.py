from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from themed_corpus import blobs, scattered

from searchkit.insight.number import Tried, clearest, margins, numbers_to_try
from searchkit.insight.ward import cut_tree, ward_tree


def test_the_margin_by_its_definition() -> None:
    rows, _ = blobs(6, 15)
    tree = ward_tree(rows, np.ones(len(rows)))
    for tried in margins(tree, rows.astype(float), np.ones(len(rows)), [2, 6, 11]):
        groups = cut_tree(tree, tried.topics)
        centres = np.stack([rows[groups == group].sum(axis=0) for group in range(tried.topics)])
        cosines = rows @ (centres / np.linalg.norm(centres, axis=1, keepdims=True)).T
        other = np.where(np.arange(tried.topics) == groups[:, np.newaxis], -np.inf, cosines).max(axis=1)
        apart = []
        for row, group in enumerate(groups):
            rest = np.delete(rows, row, axis=0)[np.delete(groups, row) == group].sum(axis=0)
            apart.append(rows[row] @ rest / np.linalg.norm(rest) - other[row] if rest.any() else 0)
        assert tried.margin == pytest.approx(float(np.mean(apart)), abs=1e-6)


@pytest.mark.parametrize("groups", [5, 8, 12])
def test_the_margin_is_largest_at_the_number_of_groups(groups: int) -> None:
    rows, _ = blobs(groups, 30)
    tree = ward_tree(rows, np.ones(len(rows)))
    tried = margins(tree, rows.astype(float), np.ones(len(rows)), range(2, 25))
    assert max(tried, key=lambda one: one.margin).topics == groups


def test_rows_without_groups_do_not_lie_clearer_in_ever_more_topics() -> None:
    rows = scattered(400, dimension=16)
    few, *more = margins(ward_tree(rows, np.ones(400)), rows.astype(float), np.ones(400), [7, 20, 40, 80])
    assert max(one.margin for one in more) < 1.1 * few.margin


def test_a_point_alone_has_no_margin() -> None:
    rows = np.eye(3)
    assert margins(ward_tree(rows, np.ones(3)), rows, np.ones(3), [3])[0].margin == 0


def test_the_largest_number_that_lies_nearly_as_clear_is_chosen() -> None:
    tried = [Tried(4, 0.5), Tried(6, 0.2), Tried(9, 0.48), Tried(12, 0.47)]
    assert clearest(tried) == 9
    assert clearest([Tried(2, -0.2), Tried(3, -0.1)]) == 3
    assert clearest([]) == 1


def test_numbers_grow_from_the_cube_root_to_a_fifth() -> None:
    numbers = numbers_to_try(1000, 1000)
    assert (numbers[0], numbers[-1] <= 200) == (10, True)
    assert all(high > low for low, high in pairwise(numbers))
    assert all(high <= max(low + 1, 1.15 * (low + 1)) for low, high in pairwise(numbers))
    assert max(numbers_to_try(10**6, 10**6)) <= 256
    assert max(numbers_to_try(10**6, 40), default=0) <= 40


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_few_rows_leave_nothing_to_try(rows: int) -> None:
    assert numbers_to_try(rows, rows) == []
