"""Haystack's filters as ``where`` expressions."""

from __future__ import annotations

from typing import Any, TypeAlias

from haystack.errors import FilterError

from searchkit.errors import FilterError as OurFilterError
from searchkit.integrations.conditions import (
    NOTHING,
    ORDERINGS,
    all_of,
    among,
    any_of,
    compared,
    metadata_field,
    negated,
)

Filters: TypeAlias = dict[str, Any]


def where_of(filters: Filters | None) -> str | None:
    """The ``where`` expression of Haystack's filters; None for none.

    Raises:
        haystack.errors.FilterError: they are not well formed, or compare what cannot be compared.
    """
    if not filters:
        return None
    try:
        return _condition(filters)
    except OurFilterError as exc:
        raise FilterError(str(exc)) from exc


def _condition(given: Filters) -> str:
    if not isinstance(given, dict):
        raise OurFilterError(f"a filter is {given!r}; expected a dictionary")
    if "field" in given:
        missing = [key for key in ("operator", "value") if key not in given]
        if missing:
            raise OurFilterError(f"the filter {given} has no {missing[0]!r}")
        return _comparison(_field(given["field"]), given["operator"], given["value"])
    if "operator" not in given or "conditions" not in given:
        raise OurFilterError(f"the filter {given} has neither 'field' nor 'operator' and 'conditions'")
    if not isinstance(given["conditions"], list | tuple):
        raise OurFilterError(f"the filter {given} has conditions that are no list")
    parts = [_condition(part) for part in given["conditions"]]
    joined = {"AND": all_of, "OR": any_of, "NOT": all_of}.get(given["operator"], lambda _: None)(parts)
    if joined is None:
        raise OurFilterError(f"the filter {given} joins nothing, or not by AND, OR or NOT")
    return negated(joined) if given["operator"] == "NOT" else joined


def _field(name: str) -> str:
    if not isinstance(name, str):
        raise OurFilterError(f"a field is {name!r}; expected its name")
    if name == "id":
        return "doc_id"
    if name in ("content", "embedding", "score", "blob"):
        raise OurFilterError(f"documents cannot be filtered by their {name}")
    return metadata_field(name.removeprefix("meta."))


def _comparison(field: str, operator: str, value: Any) -> str:
    if operator in ("in", "not in"):
        if not isinstance(value, list):
            raise OurFilterError(f"field {field!r} is looked for in {value!r}; expected a list")
        return among(field, value) if operator == "in" else negated(among(field, value))
    if operator in ORDERINGS:
        if value is None:
            return NOTHING
        if isinstance(value, str) and not _is_date(value):
            raise OurFilterError(f"field {field!r} is compared by {operator} with {value!r}; expected number or date")
    elif operator not in ("==", "!="):
        raise OurFilterError(f"there is no operator {operator!r}; known: ==, !=, >, >=, <, <=, in, not in")
    return compared(field, "=" if operator == "==" else operator, value)


def _is_date(text: str) -> bool:
    from datetime import datetime

    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
