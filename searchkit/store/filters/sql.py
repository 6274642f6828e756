"""SQL that compares one stored value with the values of a filter.

SQLite compares by its own rules ('10' < 9 is false, every text is larger than every number, true is 1);
what is written here makes of them the rules that ``filters`` promises.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from searchkit.store.filters.tree import Comparison, Operator, Value

_NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)
_MOMENT = re.compile(r"([0-9T:-]{4,19})(Z|[+-][0-9]{2}:[0-9]{2})?")
_PRECISIONS = (4, 7, 10, 13, 16, 19)  # characters of a year, month, day, hour, minute, second
_FULL_MOMENT = "0001-01-01T00:00:00"
# Compared with a number's type, a text that looks like a number is read as one; any other text is larger
# than every number, infinity included.
_LARGEST = "CAST(9e999 AS REAL)"
_MOST_SIDE_BY_SIDE = 256


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """An SQL condition and what its ``?`` stand for, in order."""

    sql: str
    parameters: tuple[str | int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Operand:
    """SQL for one stored value and for its type, in the words of ``json_type``."""

    value: str
    type: str


def joined(word: str, parts: list[SqlCondition]) -> SqlCondition:
    """Gives the parts joined by AND or OR; all of nothing holds, any of nothing does not.

    The longest part comes first: what stands to the left of a parenthesis waits on the stack of SQLite's parser,
    which has 100 places, and so at most half of an expression can wait behind the other half. Many parts are joined in
    groups: side by side they would be as deep as they are many, and SQLite takes a depth of 1,000.
    """
    if not parts:
        return SqlCondition("1" if word == "AND" else "0")
    while len(parts) > _MOST_SIDE_BY_SIDE:
        groups = range(0, len(parts), _MOST_SIDE_BY_SIDE)
        parts = [joined(word, parts[start : start + _MOST_SIDE_BY_SIDE]) for start in groups]
    ordered = sorted(parts, key=lambda part: -len(part.sql))
    parameters = tuple(parameter for part in ordered for parameter in part.parameters)
    return SqlCondition(f"({f' {word} '.join(part.sql for part in ordered)})", parameters)


def compared(comparison: Comparison, operand: Operand) -> SqlCondition:
    """Gives the comparison with one stored value. It may be NULL, which counts as no."""
    operator, values = comparison.operator, comparison.values
    if operator is Operator.EQUAL:
        return equal(values, operand)
    if operator is Operator.LIKE:
        sql = f"({operand.type} IN ('text', 'integer', 'real') AND {operand.value} LIKE ? ESCAPE '\\')"
        return SqlCondition(sql, (str(values[0]),))
    if operator is Operator.CONTAINS:
        sql = f"({operand.type} = 'text' AND instr({operand.value}, ?) > 0)"
        return SqlCondition(sql, (values[0] if isinstance(values[0], str) else json.dumps(values[0]),))
    if operator is Operator.BETWEEN:
        return joined("AND", [_ordered(">=", values[0], operand), _ordered("<=", values[1], operand)])
    return _ordered(operator.value, values[0], operand)


def equal(values: tuple[Value, ...], operand: Operand) -> SqlCondition:
    """Gives the condition that one stored value equals any of the values."""
    value, kind = operand.value, operand.type
    texts = [item for item in values if isinstance(item, str)]
    numbers = [item for item in values if not isinstance(item, (str, bool))]
    truths = [str(item).lower() for item in values if isinstance(item, bool)]
    looking = (number_in(text) for text in texts)
    numeric = [number for number in looking if number is not None and math.isfinite(number)]  # JSON has no infinity
    parts = []
    if texts:
        parts.append(_among(f"{kind} IN ('text', 'true', 'false')", _as_text(operand), texts))
    if numeric:
        parts.append(_among(f"{kind} IN ('integer', 'real')", value, numeric))
    if numbers:
        looks_numeric = f"{kind} NOT IN ('true', 'false') AND {value} <= {_LARGEST}"
        parts.append(_among(looks_numeric, f"CAST({value} AS NUMERIC)", numbers))
    if truths:
        parts.append(_among(f"{kind} IN ('text', 'true', 'false')", f"lower({_as_text(operand)})", truths))
    return joined("OR", parts)


def on_moments(comparison: Comparison, column: str) -> SqlCondition:
    """Gives the comparison of a column of ISO 8601 moments (UTC), to the precision that each value is
    written in.

    Raises:
        ValueError: a value is no moment.
    """
    moments = [moment_of(value) for value in comparison.values]
    if comparison.operator is Operator.EQUAL:
        return joined("OR", [_to_precision("=", moment, column) for moment in sorted(set(moments))])
    if comparison.operator is Operator.BETWEEN:
        low, high = moments
        return joined("AND", [_to_precision(">=", low, column), _to_precision("<=", high, column)])
    return _to_precision(comparison.operator.value, moments[0], column)


def _as_text(operand: Operand) -> str:
    """The text that is compared: SQLite's value of true is 1, but its type is called 'true'."""
    return f"iif({operand.type} = 'text', {operand.value}, {operand.type})"


def _among(condition: str, value: str, values: Sequence[Value]) -> SqlCondition:
    """One parameter for any number of values; numbers in JSON are read as the stored ones were."""
    sql = f"({condition} AND {value} IN (SELECT value FROM json_each(?)))"
    return SqlCondition(sql, (json.dumps(values, ensure_ascii=False),))


def _ordered(symbol: str, limit: Value, operand: Operand) -> SqlCondition:
    value, kind = operand.value, operand.type
    if not isinstance(limit, str):
        numeric = f"{kind} NOT IN ('true', 'false') AND {value} <= {_LARGEST}"
        return SqlCondition(f"({numeric} AND {value} {symbol} CAST(? AS NUMERIC))", (repr(limit),))
    parts = [SqlCondition(f"({kind} = 'text' AND {value} {symbol} ?)", (limit,))]
    number = number_in(limit)
    if number is not None:
        sql = f"({kind} IN ('integer', 'real') AND {value} {symbol} CAST(? AS NUMERIC))"
        parts.append(SqlCondition(sql, (repr(number).replace("inf", "9e999"),)))  # as SQLite writes it
    return joined("OR", parts)


def number_in(text: str) -> int | float | None:
    """The number that a text looks like, if it does; infinity where it is too large for one."""
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _to_precision(symbol: str, moment: str, column: str) -> SqlCondition:
    return SqlCondition(f"(substr({column}, 1, {len(moment)}) {symbol} ?)", (moment,))


def moment_of(value: Value) -> str:
    """The value in UTC as far as it is written: '2026-05' stays a month.

    Raises:
        ValueError: it is no moment.
    """
    written = _MOMENT.fullmatch(str(value).strip().replace(" ", "T"))
    if written is None or isinstance(value, (bool, float)):
        raise ValueError(value)
    text, offset = written[1], (written[2] or "Z").replace("Z", "+00:00")
    if len(text) not in _PRECISIONS or (written[2] and len(text) <= len("2026-01-31")):  # no zone for a day
        raise ValueError(value)
    try:
        moment = datetime.fromisoformat(text + _FULL_MOMENT[len(text) :] + offset)
        return moment.astimezone(timezone.utc).isoformat()[: len(text)]
    except OverflowError as exc:
        raise ValueError(value) from exc
