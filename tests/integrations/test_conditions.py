from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import FilterError
from searchkit.integrations.conditions import all_of, among, any_of, both, compared, metadata_field, negated
from searchkit.store.filters.tree import AllOf, AnyOf, Comparison, Field, Not, Operator
from searchkit.store.filters.where import compile_filter, parse_filter

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@given(value=TEXTS | NUMBERS | st.booleans())
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    found = parse_filter(compared("field", "=", value))
    assert isinstance(found, Comparison)
    assert found.values == (value,)
    assert isinstance(found.values[0], bool) == isinstance(value, bool)


@given(name=TEXTS.filter(lambda name: name and "`" not in name))
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    found = parse_filter(compared(name, "=", 1))
    assert isinstance(found, Comparison)
    assert ".".join(found.field.parts) == name


def test_conditions_are_joined_as_they_nest() -> None:
    one, two = compared("a", ">", 1), negated(among("b", ["x", None]))
    a = Comparison(Field(("a",)), Operator.MORE, (1,))
    tree = parse_filter(any_of([all_of([one, two]) or "", one]) or "")
    assert isinstance(tree, AnyOf)
    assert isinstance(tree.parts[0], AllOf)
    assert isinstance(tree.parts[0].parts[1], Not)
    assert isinstance(tree.parts[1], Comparison)
    assert (tree.parts[1].operator, tree.parts[1].values) == (a.operator, a.values)
    assert all_of([]) is any_of([]) is None
    assert all_of([one]) == one


def passes(where: Any, row: dict[str, object], known: tuple[str, ...]) -> bool:
    """Whether SQLite lets a document with these metadata through."""
    condition = compile_filter(where, known)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE d (metadata)")
        connection.execute("INSERT INTO d VALUES (?)", [json.dumps(row)])
        found = connection.execute(f"SELECT count(*) FROM d WHERE {condition.sql}", condition.parameters)
        return bool(found.fetchone()[0])


@pytest.mark.parametrize("first", ["a = 1 OR b = 2", {"a": 1, "b": [2, None]}, {}])
def test_two_filters_hold_both(first: str | dict[str, object]) -> None:
    second = compared("c", ">", 3)
    joined = both(first, second)
    rows = [{}, {"c": 4}, {"a": 1, "c": 4}, {"a": 1, "b": 2, "c": 4}, {"a": 1, "b": 2, "c": 3}]
    known = ("a", "b", "c")
    for row in rows:
        expected = passes(first, row, known) and passes(second, row, known)
        assert passes(joined, row, known) is expected
    assert both(first, None) == both(None, first) == first
    assert both(None, None) is None


def test_none_is_a_missing_field() -> None:
    found = parse_filter(compared("a", "=", None))
    assert isinstance(found, Comparison)
    assert found.operator is Operator.IS_NULL
    assert isinstance(parse_filter(compared("a", "!=", None)), Not)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        *(("a", "<", None), ("a", "<", True), ("a", "=", [1]), ("a", "=", float("inf"))),
        *(("", "=", 1), ("a`b", "=", 1), (3, "=", 1)),
    ],
)
def test_what_cannot_be_said_is_refused(field: str, operator: str, value: object) -> None:
    with pytest.raises(FilterError):
        compared(field, operator, value)


def test_a_text_is_no_list_of_values() -> None:
    with pytest.raises(FilterError, match="expected a list"):
        among("a", "xyz")


def test_names_that_searchkit_has_are_told_from_its_own() -> None:
    assert [metadata_field(name) for name in ("title", "year")] == ["metadata.title", "year"]
