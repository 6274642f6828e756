"""LlamaIndex's filters as ``where`` expressions."""

from __future__ import annotations

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from searchkit.errors import FilterError
from searchkit.integrations.conditions import all_of, among, any_of, compared, metadata_field, negated

_COMPARISONS = {
    FilterOperator.EQ: "=",
    FilterOperator.NE: "!=",
    FilterOperator.LT: "<",
    FilterOperator.LTE: "<=",
    FilterOperator.GT: ">",
    FilterOperator.GTE: ">=",
    FilterOperator.CONTAINS: "CONTAINS",
    FilterOperator.TEXT_MATCH: "CONTAINS",
}


def where_of(filters: MetadataFilters | None) -> str | None:
    """The ``where`` expression of LlamaIndex's filters; None for none.

    Raises:
        FilterError: a value that the operator does not take.
    """
    parts = [] if filters is None else [part for one in filters.filters if (part := _condition(one)) is not None]
    if filters is None or not parts:
        return None
    if filters.condition == FilterCondition.NOT:
        return negated(any_of(parts) or "")
    return any_of(parts) if filters.condition == FilterCondition.OR else all_of(parts)


def _condition(given: MetadataFilter | MetadataFilters) -> str | None:
    if isinstance(given, MetadataFilters):
        return where_of(given)
    field, operator, value = metadata_field(given.key), given.operator, given.value
    if operator in _COMPARISONS:
        return compared(field, _COMPARISONS[operator], value)
    if operator == FilterOperator.IS_EMPTY:
        return any_of([compared(field, "=", None), compared(field, "=", "")])
    if operator == FilterOperator.TEXT_MATCH_INSENSITIVE:
        return compared(field, "LIKE", f"%{_without_wildcards(value)}%")
    if not isinstance(value, list):
        raise FilterError(f"field {field!r} is compared by {operator.value} with {value!r}; expected a list")
    if operator in (FilterOperator.IN, FilterOperator.NIN):
        found = among(field, value)
        return found if operator == FilterOperator.IN else negated(found)
    each = [compared(field, "CONTAINS", one) for one in value]
    return all_of(each) if operator == FilterOperator.ALL else any_of(each) or among(field, [])


def _without_wildcards(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
