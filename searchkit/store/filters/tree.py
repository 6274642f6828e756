"""A ``where`` filter as a tree: conditions over comparisons of a field with values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from searchkit.errors import FilterError
from searchkit.store.caret import with_caret

Value: TypeAlias = "bool | int | float | str"


class Operator(Enum):
    """What a comparison asks; the negated forms are `Not`."""

    EQUAL = "="  # to any of the values
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    BETWEEN = "BETWEEN"
    LIKE = "LIKE"
    CONTAINS = "CONTAINS"
    IS_NULL = "IS NULL"


@dataclass(frozen=True, slots=True)
class Field:
    """A name, or the way through nested objects; `position` is where the expression says it, for messages."""

    parts: tuple[str, ...]
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """EQUAL holds any number of values, BETWEEN two, IS_NULL none, the others one."""

    field: Field
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | Not | AllOf | AnyOf"


def equal_to(field: Field, values: tuple[Value | None, ...]) -> Condition:
    """Gives the condition that the field equals one of the values; None stands for a missing field."""
    known = Comparison(field, Operator.EQUAL, tuple(value for value in values if value is not None))
    if None not in values:
        return known
    missing = Comparison(field, Operator.IS_NULL)
    return AnyOf((known, missing)) if known.values else missing


def filter_error(expression: str, position: int, problem: str, *, hint: str = "") -> FilterError:
    """Gives an error that shows the expression with a caret under the character."""
    return FilterError(with_caret(problem, expression, position), hint=hint, position=position)


def is_storable(text: str) -> bool:
    """Whether SQLite can be asked about the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
