from __future__ import annotations

import numpy as np
import pytest
from themed_corpus import blobs, scattered

from searchkit.errors import InputError
from searchkit.evaluation import v_measure
from searchkit.insight import grouping
from searchkit.insight.grouping import group_rows
from searchkit.search.asking.topics import nearest_topics


def test_groups_are_found_and_their_number_too() -> None:
    rows, labels = blobs(7, 60, spread=0.5)
    found = group_rows(rows)
    inside = found.members > 0
    assert len(found.centres) == 7
    assert v_measure(labels[inside].tolist(), found.members[inside].tolist()).v_measure == pytest.approx(1)


@pytest.mark.parametrize("method", ["kmeans", "density"])
def test_the_largest_group_comes_first(method: str) -> None:
    rows, labels = blobs(4, 60)
    keep = np.concatenate([np.flatnonzero(labels == label)[: 60 - 10 * label] for label in (2, 0, 3, 1)])
    sizes = np.bincount(group_rows(rows[keep], number=4, method=method).members)[1:]
    assert list(sizes) == sorted(sizes, reverse=True)
    assert len(sizes) == 4


@pytest.mark.parametrize("method", ["kmeans", "density"])
def test_rows_far_from_all_are_in_no_group(method: str) -> None:
    rows, _ = blobs(5, 60)
    found = group_rows(np.concatenate([rows, scattered(6)]), number=5, method=method)
    assert (found.members[300:] == 0).all()
    assert (found.members[:300] == 0).mean() < 0.05


def test_members_are_those_whom_centre_and_least_let_in() -> None:
    rows, _ = blobs(6, 40, spread=1.0)
    found = group_rows(rows)
    np.testing.assert_array_equal(found.members, nearest_topics(rows, found.centres, found.least))


def test_many_rows_are_first_gathered_in_small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = blobs(8, 100)
    monkeypatch.setattr(grouping, "SMALL_GROUPS", 60)
    found = group_rows(rows, number=8)
    inside = found.members > 0
    assert v_measure(labels[inside].tolist(), found.members[inside].tolist()).v_measure == pytest.approx(1)


def test_equal_rows_are_one_group() -> None:
    rows = np.tile(np.eye(1, 16, dtype=np.float32), (40, 1))
    for method in ("kmeans", "density"):
        found = group_rows(rows, method=method)
        assert len(found.centres) <= 1
        assert len(set(found.members.tolist())) == 1


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("method", ["kmeans", "density"])
def test_a_few_rows_are_no_trouble(count: int, method: str) -> None:
    found = group_rows(np.eye(3, dtype=np.float32)[:count], method=method)
    assert len(found.members) == count


def test_every_row_may_be_a_group_of_its_own() -> None:
    assert sorted(group_rows(np.eye(4, dtype=np.float32), number=4).members.tolist()) == [1, 2, 3, 4]


@pytest.mark.parametrize("number", [0, -1, 4])
def test_more_groups_than_different_rows_is_an_error(number: int) -> None:
    rows = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    with pytest.raises(InputError, match="1 to 3"):
        group_rows(rows, number=number)


def test_an_unknown_method_is_an_error() -> None:
    with pytest.raises(InputError, match="kmeans, density"):
        group_rows(np.eye(3, dtype=np.float32), method="magic")


@pytest.mark.parametrize("least", [1, 0, -3])
def test_a_topic_of_less_than_two_is_an_error(least: int) -> None:
    with pytest.raises(InputError, match=f"least_size is {least}; expected at least 2"):
        group_rows(np.eye(30, dtype=np.float32), method="density", least_size=least)
