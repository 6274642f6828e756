"""Files modified since a date, or within an age, as SQL over the alias ``s`` (sources)."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

from searchkit.errors import InputError
from searchkit.store.filters.sql import SqlCondition, moment_of, on_moments
from searchkit.store.filters.tree import Comparison, Field, Operator

_AGE = re.compile(r"([0-9]{1,6})\s*(h|d|w|m|y)", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"m": 1, "y": 12}


def modified_since(since: str, now: datetime) -> SqlCondition:
    """Gives the condition that a file was modified at that moment or later.

    A document without a file has no such time, and does not meet it.

    Args:
        since: an ISO 8601 date or moment in UTC unless it says otherwise, taken to the precision that is written
            (``2026-05`` begins with May), or an age: hours ``12h``, days ``7d``, weeks ``2w``, calendar months ``3m``,
            years ``1y``.
        now: what an age is counted from, UTC.

    Raises:
        InputError: it is neither.
    """
    test = on_moments(Comparison(Field(("modified",)), Operator.AT_LEAST, (moment_since(since, now),)), "s.modified")
    return SqlCondition(f"ifnull({test.sql}, 0)", test.parameters)


def moment_since(since: str, now: datetime) -> str:
    """Gives the moment that ``since`` stands for, as `modified_since` reads it: ISO 8601, UTC, as far as it is written.

    Raises:
        InputError: it is neither a date nor an age.
    """
    try:
        age = _AGE.fullmatch(since.strip())
        return moment_of(since if age is None else _before(now, int(age[1]), age[2].lower()))
    except (ValueError, OverflowError, AttributeError) as exc:
        raise InputError(
            f"since is {since!r}; expected a date or an age", hint="such as 2026-05-31, 2026-05, 7d, 2w or 3m (months)"
        ) from exc


def _before(now: datetime, count: int, unit: str) -> str:
    if unit in _MONTHS:
        return _months_before(now, count * _MONTHS[unit]).isoformat()[:19]
    span = timedelta(hours=count) if unit == "h" else timedelta(days=count * _DAYS[unit])
    return (now - span).isoformat()[:19]


def _months_before(now: datetime, months: int) -> datetime:
    """The same day of an earlier month, or its last one: three months before May 31 is February 28."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < 1:
        raise ValueError(year)
    return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))
