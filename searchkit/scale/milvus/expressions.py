"""``where`` filters as expressions of Milvus over the facts of a row, see `facts`."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.errors import FilterError
from searchkit.scale.milvus.facts import key_of, lowered, number_text, tag
from searchkit.store.filters.sql import number_in
from searchkit.store.filters.tree import AllOf, AnyOf, Comparison, Condition, Not, Operator, Value
from searchkit.store.filters.where import Fields, condition_of, moments_of

if TYPE_CHECKING:
    from searchkit.scale.milvus.note import Note
    from searchkit.scale.milvus.version import Version

EVERYTHING, NOTHING = "chunk_id >= 0", "chunk_id < 0"
_AFTER_ALL = "~"  # follows everything that a moment can be written with
_BOUNDS = {Operator.LESS: "lo", Operator.AT_MOST: "lo", Operator.MORE: "hi", Operator.AT_LEAST: "hi"}
_WILDCARDS = re.compile(r"\\(.)|([%_])|([^\\%_]+)|(\\)", re.DOTALL)


def expression_of(where: str | Mapping[str, object], note: Note, version: Version) -> str:
    """Gives the expression of a filter.

    Raises:
        FilterError: it does not parse, names an unknown field, or asks what cannot be said to this server.
    """
    return Translator(where, note.fields, note.shapes, version).of(condition_of(where))


def since_expression(moment: str) -> str:
    """Gives the expression that a file was modified at that moment or later."""
    return both(is_any(["@modified=#v"]), f"{_at('t', '@modified')} >= {literal(moment)}")


def literal(value: str | float) -> str:
    """A value as an expression has it."""
    return json.dumps(value, ensure_ascii=False)


def is_any(tags: Iterable[str]) -> str:
    """That a row has any of the tags."""
    wanted = list(dict.fromkeys(tags))
    return f'json_contains_any(facts["is"], {json.dumps(wanted)})' if wanted else NOTHING


def both(*parts: str) -> str:
    """That all of them hold."""
    return f"({' and '.join(parts)})" if parts else EVERYTHING


def either(*parts: str) -> str:
    """That any of them holds."""
    return f"({' or '.join(parts)})" if parts else NOTHING


@dataclass(frozen=True, slots=True)
class _Target:
    """A field: its key, what values it has anywhere, and its name for messages."""

    key: str
    shape: str
    name: str


class Translator:
    """Writes one filter; where it refuses, the message shows the place in the filter."""

    def __init__(
        self,
        where: str | Mapping[str, object],
        known: Names[str],
        shapes: Mapping[str, str],
        version: Version,
    ) -> None:
        self._fields, self._shapes, self._version = Fields.of(where, known), shapes, version

    def of(self, condition: Condition) -> str:
        """The expression of a condition."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, Not):
            return f"(not {self.of(condition.part)})"
        parts = [self.of(part) for part in condition.parts]
        return both(*parts) if isinstance(condition, AllOf) else _any_of(condition, parts)

    def _comparison(self, comparison: Comparison) -> str:
        target = self._target(comparison)
        operator, values = comparison.operator, comparison.values
        if operator is Operator.IS_NULL:
            return f"(not {is_any([f'{target.key}=#v'])})"
        if operator is Operator.LIKE:
            return self._like(comparison, target, str(values[0]))
        if operator is Operator.CONTAINS:
            return self._contains(comparison, target, values[0])
        if target.key == "@modified":
            return _on_moments(operator, moments_of(comparison, self._fields))
        if operator is Operator.EQUAL:
            return equal(target.key, values)
        if operator is Operator.BETWEEN:
            return self._between(comparison, target, values)
        return self._ordered(comparison, target, operator, values[0])

    def _target(self, comparison: Comparison) -> _Target:
        found = self._fields.resolve(comparison.field)
        key = f"@{found}" if isinstance(found, str) else key_of(found)
        return _Target(key, self._shapes.get(key, ""), ".".join(comparison.field.parts))

    def _ordered(self, comparison: Comparison, target: _Target, operator: Operator, limit: Value) -> str:
        symbol, bound = operator.value, _BOUNDS[operator]
        if not isinstance(limit, str):
            return _within(target, "m", symbol, float(limit), bound)
        self._need_short(comparison, target)
        parts = [_within(target, "t", symbol, limit, bound)]
        number = number_in(limit)
        if number is not None:
            parts.append(_within(target, "n", symbol, float(number), bound))
        return either(*parts)

    def _between(self, comparison: Comparison, target: _Target, values: tuple[Value, ...]) -> str:
        if set("TNM") & set(target.shape):
            raise self._refused(comparison, f"{target.name!r} holds lists, of which BETWEEN asks one element")
        low = self._ordered(comparison, target, Operator.AT_LEAST, values[0])
        return both(low, self._ordered(comparison, target, Operator.AT_MOST, values[1]))

    def _contains(self, comparison: Comparison, target: _Target, value: Value) -> str:
        parts = [both(is_any([f"{target.key}=#L"]), equal(target.key, (value,)))]
        if set("tx") & set(target.shape):
            self._need_short(comparison, target)
            self._need_infix(comparison)
            part = self._escaped(comparison, value if isinstance(value, str) else json.dumps(value))
            parts.append(both(is_any([f"{target.key}=#t"]), f"{_at('t', target.key)} like {literal(f'%{part}%')}"))
        return either(*parts)

    def _like(self, comparison: Comparison, target: _Target, pattern: str) -> str:
        if set("TN") & set(target.shape):
            raise self._refused(comparison, f"{target.name!r} holds lists, of which LIKE asks each element")
        self._need_short(comparison, target)
        guard, place = is_any([f"{target.key}=#t", f"{target.key}=#n"]), _at("l", target.key)
        signs = _signs(lowered(pattern))
        wild = [sign for sign, is_wild in signs if is_wild]
        if not wild:
            return both(guard, f"{place} == {literal(''.join(sign for sign, _ in signs))}")
        if wild == ["%"] and signs[-1] == ("%", True):
            start = "".join(sign for sign, _ in signs[:-1])
            return both(guard, f"{place} >= {literal(start)}", f"{place} <= {literal(start + chr(0x10FFFF))}")
        self._need_infix(comparison)
        written = "".join(sign if is_wild else self._escaped(comparison, sign) for sign, is_wild in signs)
        return both(guard, f"{place} like {literal(written)}")

    def _escaped(self, comparison: Comparison, text: str) -> str:
        if set("%_\\") & set(text):
            raise self._refused(comparison, "a part of a text with %, _ or a backslash is not looked for")
        return text

    def _need_short(self, comparison: Comparison, target: _Target) -> None:
        if "x" in target.shape:
            raise self._refused(comparison, f"{target.name!r} holds texts too long to be compared but as a whole")

    def _need_infix(self, comparison: Comparison) -> None:
        if not self._version.has_infix_like:
            raise self._refused(
                comparison, f"Milvus {self._version.text} finds beginnings of texts alone; 2.4 and later find any part"
            )

    def _refused(self, comparison: Comparison, problem: str) -> FilterError:
        return self._fields.error(
            comparison.field,
            f"this filter is not one for Milvus: {problem}",
            hint="ask the index that the collection was pushed from, or compare with =, IN, < or >",
        )


def equal(key: str, values: Iterable[Value]) -> str:
    """That a field, or an element of its list, equals any of the values."""
    tags = []
    for value in values:
        if isinstance(value, bool):
            tags.append(tag(key, "b", str(value).lower()))
        elif isinstance(value, str):
            number = number_in(value)
            tags.append(tag(key, "t", value))
            tags += [] if number is None else [tag(key, "n", number_text(number))]
        else:
            tags.append(tag(key, "m", number_text(value)))
    return is_any(tags)


def _any_of(condition: AnyOf, parts: list[str]) -> str:
    return either(*parts) if condition.parts else NOTHING


def _within(target: _Target, letter: str, symbol: str, limit: str | float, bound: str) -> str:
    """That a value of one type, or an element of a list, lies on one side of a limit."""
    if isinstance(limit, float) and math.isinf(limit):  # a text such as '1e999', and no number of Milvus
        if symbol.startswith("<") != (limit > 0):
            return NOTHING
        symbol, limit = f"{symbol[0]}=", math.copysign(sys.float_info.max, limit)
    value = "t" if letter == "t" else "n"  # numbers, and texts that look like them, lie in one place
    parts = [both(is_any([f"{target.key}=#{letter}"]), f"{_at(value, target.key)} {symbol} {literal(limit)}")]
    if letter.upper() in target.shape:
        place = _at(f"{letter}{bound}", target.key)
        parts.append(both(is_any([f"{target.key}=#{letter.upper()}"]), f"{place} {symbol} {literal(limit)}"))
    return either(*parts)


def _on_moments(operator: Operator, moments: tuple[str, ...]) -> str:
    """To the precision that each moment is written in: a longer text that begins with it is the same to it."""
    place, guard = _at("t", "@modified"), is_any(["@modified=#v"])
    first, after = literal(moments[0]) if moments else "", literal(f"{moments[0]}{_AFTER_ALL}") if moments else ""
    if operator is Operator.EQUAL:
        spans = [f"({place} >= {literal(one)} and {place} <= {literal(one + _AFTER_ALL)})" for one in moments]
        return both(guard, either(*spans))
    if operator is Operator.BETWEEN:
        return both(guard, f"{place} >= {first}", f"{place} <= {literal(moments[1] + _AFTER_ALL)}")
    sides = {
        Operator.LESS: f"< {first}",
        Operator.AT_LEAST: f">= {first}",
        Operator.AT_MOST: f"<= {after}",
        Operator.MORE: f"> {after}",
    }
    return both(guard, f"{place} {sides[operator]}")


def _at(name: str, key: str) -> str:
    return f'facts["{name}"]["{key}"]'


def _signs(pattern: str) -> list[tuple[str, bool]]:
    """The parts of a LIKE pattern, and whether each is a wildcard; after a backslash a sign is itself."""
    return [
        (found[1] or found[2] or found[3] or found[4], found[2] is not None) for found in _WILDCARDS.finditer(pattern)
    ]
