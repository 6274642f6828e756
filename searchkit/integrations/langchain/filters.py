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
    return all_of([_condition(name, value) for name, value in given.items()])


def _condition(name: str, value: Any) -> str:
    if name in ("$and", "$or"):
        parts = [part for one in value if (part := where_of(one)) is not None]
        joined = all_of(parts) if name == "$and" else any_of(parts)
        if joined is None:
            raise FilterError(f"{name} is of nothing; expected a list of filters")
        return joined
    if name == "$not":
        return negated(where_of(value) or "")
    if name.startswith("$"):
        raise FilterError(f"there is no operator {name!r}; known beside fields: $and, $or, $not")
    field = metadata_field(name)
    if isinstance(value, Mapping):
        parts = [_compared(field, operator, operand) for operator, operand in value.items()]
        return all_of(parts) or compared(field, "!=", None)
    return among(field, value) if isinstance(value, list | tuple | set) else compared(field, "=", value)


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
