"""The language of ``where`` filters: text -> tree.

    condition   = all { OR all }
    all         = one { AND one }
    one         = NOT one | "(" condition ")" | field comparison
    comparison  = ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
                | [NOT] IN "(" [value { "," value }] ")" | [NOT] BETWEEN value AND value
                | [NOT] LIKE text | [NOT] CONTAINS value | IS [NOT] NULL
    field       = name { "." name }          a name in `backticks` may hold anything but a backtick
    value       = 'text' | "text" | number | 2026-01-31 | TRUE | FALSE | NULL      quotes are doubled inside text

Keywords in any case. Lengths and depths are bounded, so that no expression costs more than it says.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from searchkit.errors import FilterError
from searchkit.store.filters.tokens import Kind, Token, tokens_of
from searchkit.store.filters.tree import (
    AllOf,
    AnyOf,
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

LONGEST_EXPRESSION = 10_000
DEEPEST_NESTING = 16  # the stack of SQLite's own parser ends soon after
MOST_COMPARISONS = 200


def parse_filter(text: str) -> Condition:
    """Gives the tree of an expression.

    Raises:
        FilterError: the expression is no filter; message and `position` point at the first character that
        is wrong.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise FilterError(f"the filter has {len(text):,} characters; at most {LONGEST_EXPRESSION:,} are read")
    return _Parser(text).whole()


_KEYWORDS = {"AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "BETWEEN", "CONTAINS", "TRUE", "FALSE"}
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_ORDERINGS = {"<": Operator.LESS, "<=": Operator.AT_MOST, ">": Operator.MORE, ">=": Operator.AT_LEAST}


class _Parser:
    """Recursive descent over the tokens; each method reads one rule of the grammar above."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens_of(expression)
        self._next = 0
        self._comparisons = 0

    def whole(self) -> Condition:
        if self._at_end():
            raise self._error("the filter is empty", hint="such as: year >= 2020 AND lang = 'en'")
        condition = self._condition(0)
        if not self._at_end():
            hint = "NOT (...) must begin a comparison" if self._here.is_word("NOT") else ""
            raise self._error(f"expected AND, OR or the end, found {self._found()}", hint=hint)
        return condition

    def _condition(self, depth: int) -> Condition:
        parts = self._joined("OR", lambda: self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(parts)

    def _all(self, depth: int) -> Condition:
        parts = self._joined("AND", lambda: self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _joined(self, word: str, read: Callable[[], Condition]) -> tuple[Condition, ...]:
        parts = [read()]
        while self._take_word(word):
            parts.append(read())
        return tuple(parts)

    def _one(self, depth: int) -> Condition:
        if depth > DEEPEST_NESTING:
            raise self._error(f"nested deeper than {DEEPEST_NESTING} levels")
        if self._take_word("NOT"):
            return Not(self._one(depth + 1))
        if self._take_symbol("("):
            condition = self._condition(depth + 1)
            self._need_symbol(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise self._error(f"more than {MOST_COMPARISONS} comparisons", hint="IN (...) takes many values")
        field = self._field()
        if self._take_word("IS"):
            negated = self._take_word("NOT")
            if not self._take_word("NULL"):
                raise self._error(f"expected NULL after IS, found {self._found()}")
            missing = Comparison(field, Operator.IS_NULL)
            return Not(missing) if negated else missing
        if self._take_word("NOT"):
            return Not(self._by_word(field))
        return self._by_symbol(field) if self._here.kind is Kind.SYMBOL else self._by_word(field)

    def _by_symbol(self, field: Field) -> Condition:
        symbol = self._here.text
        if symbol in _ORDERINGS:
            self._next += 1
            return Comparison(field, _ORDERINGS[symbol], (self._ordered_value(),))
        if symbol not in {"=", "==", "!=", "<>"}:
            raise self._no_operator()
        self._next += 1
        equal = equal_to(field, (self._value(),))
        return equal if symbol in {"=", "=="} else Not(equal)

    def _by_word(self, field: Field) -> Condition:
        if self._take_word("IN"):
            return equal_to(field, self._list())
        if self._take_word("LIKE"):
            if self._here.kind is not Kind.TEXT:
                problem = f"expected a text after LIKE, found {self._found()}"
                raise self._error(problem, hint="such as 'intro%'")
            return Comparison(field, Operator.LIKE, (self._some_value(),))
        if self._take_word("BETWEEN"):
            low = self._ordered_value()
            if not self._take_word("AND"):
                raise self._error(f"expected AND between the two bounds, found {self._found()}")
            return Comparison(field, Operator.BETWEEN, (low, self._ordered_value()))
        if self._take_word("CONTAINS"):
            return Comparison(field, Operator.CONTAINS, (self._some_value(),))
        raise self._no_operator()

    def _field(self) -> Field:
        position = self._here.position
        parts = [self._name()]
        while self._take_symbol("."):
            parts.append(self._name())
        return Field(tuple(parts), position)

    def _name(self) -> str:
        token = self._here
        if token.kind is Kind.QUOTED_NAME:
            self._next += 1
            return token.text[1:-1]
        if token.kind is not Kind.WORD or token.text.upper() in _KEYWORDS:
            backticks = token.kind in {Kind.WORD, Kind.TEXT}
            hint = "write a field name with odd characters in `backticks`" if backticks else ""
            raise self._error(f"expected a field name, found {self._found()}", hint=hint)
        self._next += 1
        return token.text

    def _list(self) -> tuple[Value | None, ...]:
        self._need_symbol("(")
        values: list[Value | None] = []
        if self._take_symbol(")"):
            return ()
        values.append(self._value())
        while self._take_symbol(","):
            values.append(self._value())
        self._need_symbol(")")
        return tuple(values)

    def _ordered_value(self) -> Value:
        token = self._here
        value = self._some_value()
        if isinstance(value, bool):
            raise self._error("true and false have no order: only = and != apply", at=token)
        return value

    def _some_value(self) -> Value:
        token = self._here
        value = self._value()
        if value is None:
            raise self._error("null has no order and no parts: only = and != apply", at=token)
        return value

    def _value(self) -> Value | None:
        token = self._here
        self._next += token.kind is not Kind.END
        if token.kind is Kind.TEXT:
            return self._text(token)
        if token.kind is Kind.DATE:
            return token.text
        if token.kind is Kind.NUMBER:
            return self._number(token)
        if token.is_word(*_CONSTANTS):
            return _CONSTANTS[token.text.upper()]
        hint = f"put text in quotes: '{token.text}'" if token.kind is Kind.WORD else ""
        raise self._error(f"expected a value, found {self._found(token)}", hint=hint, at=token)

    def _text(self, token: Token) -> str:
        quote = token.text[0]
        text = token.text[1:-1].replace(quote * 2, quote)
        if not is_storable(text):
            raise self._error("a text here holds a character that no file can hold", at=token)
        return text

    def _number(self, token: Token) -> int | float:
        number = float(token.text)
        if not math.isfinite(number):
            raise self._error("this number is too large", at=token)
        return int(token.text) if token.text.lstrip("+-").isdigit() and abs(number) < 2**53 else number

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    def _at_end(self) -> bool:
        return self._here.kind is Kind.END

    def _take_word(self, word: str) -> bool:
        taken = self._here.is_word(word)
        self._next += taken
        return taken

    def _take_symbol(self, symbol: str) -> bool:
        taken = self._here.is_symbol(symbol)
        self._next += taken
        return taken

    def _need_symbol(self, symbol: str) -> None:
        if not self._take_symbol(symbol):
            raise self._error(f"expected {symbol!r}, found {self._found()}")

    def _no_operator(self) -> FilterError:
        return self._error(
            f"expected a comparison after the field, found {self._found()}",
            hint="one of = != < <= > >= IN LIKE BETWEEN CONTAINS IS NULL",
        )

    def _found(self, token: Token | None = None) -> str:
        token = token or self._here
        return "the end" if token.kind is Kind.END else token.text[:40]

    def _error(self, problem: str, *, hint: str = "", at: Token | None = None) -> FilterError:
        return filter_error(self._expression, (at or self._here).position, problem, hint=hint)
