"""Filters of other libraries as the text of a ``where`` filter.

Each function gives a condition in brackets, or one that needs none, so that any two can be joined. What cannot be
said raises `FilterError`; what a field of that name means, and how values compare, is searchkit's: see
`searchkit.store.filters.where`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from searchkit.errors import FilterError
from searchkit.store.filters.where import BUILT_IN_FIELDS

if TYPE_CHECKING:
    from searchkit.search.question import Where

ORDERINGS = ("<", "<=", ">", ">=")
NOTHING = "doc_id IN ()"
EVERYTHING = f"NOT ({NOTHING})"


def metadata_field(name: str) -> str:
    """The field of the metadata, where searchkit has one of that name too."""
    return f"metadata.{name}" if name in BUILT_IN_FIELDS else name


def compared(field: str, operator: str, value: object) -> str:
    """``field = 3``, with one of = != < <= > >= LIKE CONTAINS; None is a missing field, for = and != alone."""
    if value is None:
        if operator not in ("=", "!="):
            raise FilterError(f"field {field!r} is compared by {operator} with None; only = and != apply")
        return f"{quoted_field(field)} IS {'NOT ' if operator == '!=' else ''}NULL"
    if operator in ORDERINGS and isinstance(value, bool):
        raise FilterError(f"field {field!r} is compared by {operator} with {value}; only = and != apply")
    return f"{quoted_field(field)} {operator} {quoted_value(field, value)}"


def among(field: str, values: Iterable[object]) -> str:
    """``field IN (1, 2)``; nothing is among no values."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise FilterError(f"field {field!r} is looked for in {values!r}; expected a list of values")
    listed = ", ".join("NULL" if value is None else quoted_value(field, value) for value in values)
    return f"{quoted_field(field)} IN ({listed})"


def negated(condition: str) -> str:
    """What does not meet the condition, documents without the field included."""
    return f"NOT ({condition})"


def all_of(conditions: Sequence[str]) -> str | None:
    """What meets all of them; None, which is no filter, without any."""
    return _joined(" AND ", conditions)


def any_of(conditions: Sequence[str]) -> str | None:
    """What meets one of them at least; None without any."""
    return _joined(" OR ", conditions)


def both(first: Where, second: Where) -> Where:
    """What meets both filters; None is none."""
    if first is None or second is None:
        return second if first is None else first
    return f"({_as_text(first)}) AND ({_as_text(second)})"


def quoted_field(name: str) -> str:
    """A name as it can be written; its dots lead into nested objects, unless a field has them in its name."""
    if not isinstance(name, str) or not name or "`" in name:
        raise FilterError(f"a filter cannot name the field {name!r}", hint="a field has a name without backticks")
    return ".".join(f"`{part}`" for part in name.split(".")) if all(name.split(".")) else f"`{name}`"


def quoted_value(field: str, value: object) -> str:
    """A text, number or truth value as it can be written."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise FilterError(
        f"field {field!r} is compared with {value!r}; expected a text, a number, True, False or None",
        hint="dates are written as text: 2026-05-31",
    )


def _as_text(where: str | Mapping[str, object]) -> str:
    if isinstance(where, str):
        return where
    parts = [
        among(name, value) if isinstance(value, list | tuple | set | frozenset) else compared(name, "=", value)
        for name, value in where.items()
    ]
    return all_of(parts) or EVERYTHING


def _joined(word: str, conditions: Sequence[str]) -> str | None:
    if len(conditions) == 1:
        return conditions[0]
    return word.join(f"({condition})" for condition in conditions) or None
