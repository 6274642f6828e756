from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from searchkit.store.filters.within import Part, at_or_below

FILES = [(1, "docs/a.md"), (1, "docs/b/c.md"), (1, "docs-old/a.md"), (1, "docs"), (2, "docs/a.md"), (None, None)]


def let_through(parts: list[Part]) -> list[tuple[int | None, str | None]]:
    condition = at_or_below(parts)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE s (root_id INTEGER, path TEXT)")
        connection.executemany("INSERT INTO s VALUES (?, ?)", FILES)
        return connection.execute(f"SELECT * FROM s WHERE {condition.sql}", condition.parameters).fetchall()


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ([], []),
        ([(1, "docs")], [0, 1, 3]),
        ([(1, "")], [0, 1, 2, 3]),
        ([(2, "docs"), (1, "docs/b")], [1, 4]),
        ([(1, "docs/b/c.md")], [1]),
        ([(3, "")], []),
    ],
)
def test_files_at_or_below_the_places_are_let_through(parts: list[Part], places: list[int]) -> None:
    assert let_through(parts) == [FILES[place] for place in places]


def test_more_places_than_sqlite_takes_side_by_side_are_asked_all_the_same() -> None:
    assert let_through([(1, f"other/{number}") for number in range(2500)] + [(2, "docs")]) == [FILES[4]]
