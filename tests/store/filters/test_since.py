from __future__ import annotations

import sqlite3
from datetime import datetime, timezone

import pytest

from searchkit.errors import InputError
from searchkit.store.filters.since import modified_since

NOW = datetime(2026, 5, 31, 12, 30, 15, 999, tzinfo=timezone.utc)


def holds(modified: str | None, since: str) -> bool:
    condition = modified_since(since, NOW)
    connection = sqlite3.connect(":memory:")
    row = connection.execute(
        f"SELECT {condition.sql} FROM (SELECT ? AS modified) AS s", [*condition.parameters, modified]
    )
    found = row.fetchone()[0]
    connection.close()
    assert found in (0, 1)
    return bool(found)


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("2026-05-30", "2026-05-30T00:00:00+00:00"),
        ("2026-05", "2026-05-01T00:00:00+00:00"),
        ("2026", "2026-01-01T00:00:00+00:00"),
        ("2026-05-30T10:00Z", "2026-05-30T10:00:00+00:00"),
        ("2026-05-30 12:00+02:00", "2026-05-30T10:00:00+00:00"),
        ("12h", "2026-05-31T00:30:15+00:00"),
        ("7d", "2026-05-24T12:30:15+00:00"),
        (" 2 W ", "2026-05-17T12:30:15+00:00"),
        ("1m", "2026-04-30T12:30:15+00:00"),  # April has no 31st
        ("3m", "2026-02-28T12:30:15+00:00"),
        ("5m", "2025-12-31T12:30:15+00:00"),
        ("17m", "2024-12-31T12:30:15+00:00"),
        ("1y", "2025-05-31T12:30:15+00:00"),
    ],
)
def test_the_first_moment_is_in_and_the_one_before_is_out(since: str, first: str) -> None:
    before = datetime.fromisoformat(first).timestamp() - 1
    assert holds(first, since)
    assert not holds(datetime.fromtimestamp(before, tz=timezone.utc).isoformat(timespec="seconds"), since)


def test_what_has_no_time_is_out() -> None:
    assert not holds(None, "1900")


@pytest.mark.parametrize(
    "since", ["", "yesterday", "7", "7x", "-7d", "2026-13-01", "2026-05-3", "9999y", "999999d", "7d 3h", "1;2", "7d\0"]
)
def test_anything_else_is_refused(since: str) -> None:
    with pytest.raises(InputError, match="expected a date or an age") as refused:
        modified_since(since, NOW)
    assert "7d" in refused.value.hint
