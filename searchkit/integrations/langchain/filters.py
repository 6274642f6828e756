"""Filters in the manner of MongoDB, as LangChain's stores take them, as ``where`` expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from searchkit.errors import FilterError
from searchkit.integrations.conditions import all_of, among, any_of, compared, metadata_field, negated

_COMPARISONS = {"$eq": "=", "$ne": "!=", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">=", "$like": "LIKE"}


def where_of(given: Mapping[str, Any]) -> str | None:
    """The ``where`` expression of a filter in the manner of MongoDB; None for an empty one.

    Raises:
        FilterError: an operator that is not known, or a value that it does not take.
    """
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise FilterError(f"a filter is {given!r}; expected a mapping of fields to values")
    return all_of([_condition(name, value) for name, value in given.items()])


def _condition(name: str, value: Any) -> str:
    if name in ("$and", "$or"):
        if not isinstance(value, list | tuple):
            raise FilterError(f"{name} is of {value!r}; expected a list of filters")
        parts = [part for one in value if (part := where_of(one)) is not None]
        return _something(name, all_of(parts) if name == "$and" else any_of(parts))
    if name == "$not":
        return negated(_something(name, where_of(value)))
    if name.startswith("$"):
        raise FilterError(f"there is no operator {name!r}; known beside fields: $and, $or, $not")
    field = metadata_field(name)
    if isinstance(value, Mapping):
        parts = [_compared(field, operator, operand) for operator, operand in value.items()]
        return all_of(parts) or compared(field, "!=", None)
    return among(field, value) if isinstance(value, list | tuple | set) else compared(field, "=", value)


def _something(name: str, condition: str | None) -> str:
    if condition is None:
        raise FilterError(f"{name} is of nothing; expected filters")
    return condition


def _compared(field: str, operator: str, value: Any) -> str:
    if operator in _COMPARISONS:
        return compared(field, _COMPARISONS[operator], value)
    if operator == "$in":
        return among(field, value)
    if operator == "$nin":
        return negated(among(field, value))
    if operator == "$contains":
        return compared(field, "CONTAINS", value)
    if operator == "$exists":
        return compared(field, "!=" if value else "=", None)
    known = ", ".join([*_COMPARISONS, "$in", "$nin", "$contains", "$exists"])
    raise FilterError(f"there is no operator {operator!r}; known: {known}")
