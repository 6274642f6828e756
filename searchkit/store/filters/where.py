"""``where`` filters as SQL over the aliases ``d`` (documents) and ``s`` (sources).

Every value is a bound parameter. Built-in fields are path, title, doc_id, size (bytes) and modified; every other
name is a metadata field, a dotted name leads into nested objects, and ``metadata.NAME`` reaches a metadata field
that has a built-in's name.

How values compare, so that a year from a CSV file (text) and one from JSON (a number) mean the same:

- With a number: numbers, and texts that look like numbers, by value. Other texts never match.
- With a text: texts, character by character; numbers by value when the text looks like a number.
- With true and false: those, and the texts "true" and "false" in any case; only = and !=.
- ``modified`` compares to the precision that is written: ``modified <= '2026-05'`` takes in all of May (UTC).
- On a list a comparison holds when it holds for any element. CONTAINS asks a list for an element and a text
  for a part of it, both exactly; LIKE ignores the case of ASCII letters and takes % and _ (after a backslash
  they are themselves).
- A missing field (or null) fails every comparison, so its negation holds: ``lang != 'en'`` and
  ``NOT lang = 'en'`` both let a document without ``lang`` through.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from searchkit.errors import FilterError
from searchkit.store.filters.globs import path_matcher
from searchkit.store.filters.parser import parse_filter
from searchkit.store.filters.sql import Operand, SqlCondition, compared, equal, joined, moment_of, on_moments
from searchkit.store.filters.tree import (
    AllOf,
    Comparison,
    Condition,
    Field,
    Not,
    Operator,
    Value,
    equal_to,
    filter_error,
    is_storable,
)

__all__ = [
    "BUILT_IN_FIELDS",
    "FieldExpression",
    "Fields",
    "SqlCondition",
    "compile_filter",
    "condition_of",
    "field_expression",
    "moments_of",
    "parse_filter",
    "path_matcher",
]

_COLUMNS = {
    "path": "s.path",
    "title": "d.title",
    "doc_id": "d.doc_id",
    "size": "s.size",
    "modified": "s.modified",
}
BUILT_IN_FIELDS = tuple(_COLUMNS)
_ELEMENT = Operand("e.atom", "e.type")  # atom: NULL for lists and objects in a list
_MOST_LISTED = 30


@dataclass(frozen=True, slots=True)
class FieldExpression:
    """SQL for the value of a field and for its JSON type (NULL of a built-in one), and what their ``?`` stand for."""

    value: str
    type: str
    parameters: tuple[str, ...] = ()


def field_expression(name: str, known_fields: Collection[str]) -> FieldExpression:
    """Gives the SQL that reads one field, named as in a filter.

    Raises:
        FilterError: the field is neither built in nor known; the hint lists those that are.
    """
    fields, field = Fields(known_fields, ""), Field(tuple(name.split(".")))
    target = fields.resolve(field)
    if isinstance(target, str):
        return FieldExpression(_COLUMNS[target], "NULL")
    path = _json_path(target, field, fields)
    return FieldExpression("json_extract(d.metadata, ?)", "json_type(d.metadata, ?)", (path, path))


def compile_filter(where: str | Mapping[str, object], known_fields: Collection[str]) -> SqlCondition:
    """Gives the SQL for an expression, or for a mapping of fields to a value or a list of allowed values.

    Args:
        where: such as ``year >= 2020 AND lang IN ('en', 'de')`` or ``{"lang": ["en", "de"], "draft": False}``
            (all must hold).
        known_fields: names at the top level of any document's metadata.

    Returns:
        A condition that is 1 or 0, never NULL.

    Raises:
        FilterError: the expression does not parse, or names a field that is neither built in nor known.
    """
    return _compile(condition_of(where), Fields.of(where, known_fields))


def condition_of(where: str | Mapping[str, object]) -> Condition:
    """Gives the tree of an expression, or of a mapping as `compile_filter` takes it.

    Raises:
        FilterError: the expression does not parse, a field of the mapping has no name or is compared with something
            else, or it is neither.
    """
    if isinstance(where, str):
        return parse_filter(where)
    if not isinstance(where, Mapping):
        raise FilterError(f"the filter is {type(where).__name__}; expected text or a mapping of fields to values")
    odd = next((name for name in where if not isinstance(name, str)), None)
    if odd is not None:
        raise FilterError(f"the filter has {odd!r} for a field; expected its name")
    return AllOf(
        tuple(equal_to(Field(tuple(name.split("."))), _mapped_values(name, value)) for name, value in where.items())
    )


def _mapped_values(name: str, value: object) -> tuple[Value | None, ...]:
    values = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    return tuple(_mapped_value(name, item) for item in values)


def _mapped_value(name: str, value: object) -> Value | None:
    if value is None or isinstance(value, bool) or (isinstance(value, str) and is_storable(value)):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise FilterError(
        f"field {name!r} is compared with {value!r}; expected a text, a number, True, False or None",
        hint="other comparisons are written as text: year >= 2020",
    )


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields there are, and the expression for messages ("" for a mapping)."""

    known: Collection[str]
    expression: str

    @classmethod
    def of(cls, where: str | Mapping[str, object], known: Collection[str]) -> Fields:
        return cls(known, where if isinstance(where, str) else "")

    def resolve(self, field: Field) -> str | tuple[str, ...]:
        """The name of a built-in field, or the way to a metadata field.

        Raises:
            FilterError: it is neither.
        """
        written = ".".join(field.parts)
        if written in _COLUMNS:
            return written
        for parts in (field.parts, field.parts[1:] if field.parts[0] == "metadata" else ()):
            if parts and ".".join(parts) in self.known:  # a name may itself hold dots
                return (".".join(parts),)
            if parts and parts[0] in self.known:
                return parts
        raise self._unknown(field, written)

    def error(self, field: Field, problem: str, *, hint: str = "") -> FilterError:
        if field.position is None:
            return FilterError(problem, hint=hint)
        return filter_error(self.expression, field.position, problem, hint=hint)

    def _unknown(self, field: Field, written: str) -> FilterError:
        known = [*BUILT_IN_FIELDS, *sorted(set(self.known) - set(BUILT_IN_FIELDS))]
        folded = {name.casefold(): name for name in reversed(known)}
        close = get_close_matches(written.casefold(), folded, n=1)
        guess = f"did you mean {folded[close[0]]}? " if close else ""
        more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
        hint = f"{guess}known fields: {', '.join(known[:_MOST_LISTED])}{more}"
        return self.error(field, f"no document has a field {written!r}", hint=hint)


def _compile(condition: Condition, fields: Fields) -> SqlCondition:
    if isinstance(condition, Comparison):
        return _comparison(condition, fields)
    if isinstance(condition, Not):
        part = _compile(condition.part, fields)
        return SqlCondition(f"NOT {part.sql}", part.parameters)
    word = "AND" if isinstance(condition, AllOf) else "OR"
    return joined(word, [_compile(part, fields) for part in condition.parts])


def _comparison(comparison: Comparison, fields: Fields) -> SqlCondition:
    target = fields.resolve(comparison.field)
    if isinstance(target, tuple):
        return _on_metadata(comparison, _json_path(target, comparison.field, fields))
    column = _COLUMNS[target]
    if comparison.operator is Operator.IS_NULL:
        return SqlCondition(f"({column} IS NULL)")
    if target == "modified" and comparison.operator not in {Operator.LIKE, Operator.CONTAINS}:
        moments = moments_of(comparison, fields)
        test = on_moments(Comparison(comparison.field, comparison.operator, moments), column)
    else:
        test = compared(comparison, Operand(column, f"typeof({column})"))
    return SqlCondition(f"ifnull({test.sql}, 0)", test.parameters)


def moments_of(comparison: Comparison, fields: Fields) -> tuple[str, ...]:
    """The values that ``modified`` is compared with: ISO 8601, UTC, each as far as it is written.

    Raises:
        FilterError: one is no moment.
    """
    try:
        return tuple(map(moment_of, comparison.values))
    except ValueError as exc:
        problem = f"modified is compared with {' and '.join(map(repr, comparison.values))}; expected dates"
        raise fields.error(
            comparison.field, problem, hint="such as '2026', '2026-01-31' or '2026-01-31T12:00Z'"
        ) from exc


def _on_metadata(comparison: Comparison, path: str) -> SqlCondition:
    """``json_each`` gives a row for each element of a list, or one for any other value."""
    if comparison.operator is Operator.IS_NULL:
        return SqlCondition("(ifnull(json_type(d.metadata, ?), 'null') = 'null')", (path,))
    test = compared(comparison, _ELEMENT)
    if comparison.operator is Operator.CONTAINS:
        element = equal(comparison.values, _ELEMENT)
        test = SqlCondition(
            f"CASE WHEN typeof(e.key) = 'integer' THEN {element.sql} ELSE {test.sql} END",
            element.parameters + test.parameters,
        )
    return SqlCondition(  # of an object it would give the members
        "(json_type(d.metadata, ?) <> 'object' AND "
        f"EXISTS (SELECT 1 FROM json_each(d.metadata, ?) AS e WHERE {test.sql}))",
        (path, path, *test.parameters),
    )


def _json_path(parts: tuple[str, ...], field: Field, fields: Fields) -> str:
    """Names are quoted and escaped as in the stored JSON: SQLite compares the two as they are written."""
    if any('"' in part for part in parts):
        raise fields.error(field, "SQLite cannot look up a field whose name holds a double quote")
    return "$" + "".join(f".{json.dumps(part, ensure_ascii=False)}" for part in parts)
