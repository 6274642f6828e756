"""Filters that were asked before are not asked again, until the database is another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from searchkit.store.filters import recent
from searchkit.store.filters.recent import RecentFilters


class Counting:
    """Gives ids, and says how often it was asked."""

    def __init__(self, *ids: int) -> None:
        self.ids, self.asked = ids, 0

    def __call__(self) -> np.ndarray:
        self.asked += 1
        return np.array(self.ids, dtype=np.int64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    return tmp_path / "db"


@pytest.fixture
def known(path: Path) -> Iterator[RecentFilters]:
    connection = sqlite3.connect(path)
    yield RecentFilters(connection)
    connection.close()


def test_the_same_filter_is_asked_once(known: RecentFilters) -> None:
    one, other = Counting(1, 2), Counting(3)
    assert [known.of("one", one).tolist() for _ in range(3)] == [[1, 2]] * 3
    assert known.of("other", other).tolist() == [3]
    assert (one.asked, other.asked) == (1, 1)


def test_what_is_remembered_cannot_be_changed(known: RecentFilters) -> None:
    with pytest.raises(ValueError, match="read-only"):
        known.of("one", Counting(1))[0] = 2


def test_a_commit_of_another_connection_forgets_everything(known: RecentFilters, path: Path) -> None:
    one = Counting(1)
    known.of("one", one)
    other = sqlite3.connect(path)
    with other:
        other.execute("INSERT INTO t VALUES (1)")
    other.close()
    known.of("one", one)
    assert one.asked == 2


@pytest.mark.parametrize(("filters", "ids"), [(2, 100), (100, 4)])
def test_what_was_asked_longest_ago_is_forgotten_first(
    known: RecentFilters, monkeypatch: pytest.MonkeyPatch, filters: int, ids: int
) -> None:
    monkeypatch.setattr(recent, "MOST_FILTERS", filters)
    monkeypatch.setattr(recent, "MOST_IDS", ids)
    one, two, three = Counting(1, 2), Counting(3, 4), Counting(5, 6)
    for name, find in (("one", one), ("two", two), ("one", one), ("three", three), ("one", one), ("two", two)):
        known.of(name, find)
    assert (one.asked, two.asked, three.asked) == (1, 2, 1)


def test_more_ids_than_are_kept_are_given_all_the_same(known: RecentFilters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_IDS", 1)
    many = Counting(1, 2, 3)
    assert [known.of("many", many).tolist() for _ in range(2)] == [[1, 2, 3]] * 2
    assert many.asked == 2
