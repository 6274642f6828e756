"""The words and signs of a ``where`` filter, read in one pass without backtracking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from searchkit.store.filters.tree import filter_error


class Kind(Enum):
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"
    QUOTED_NAME = "quoted_name"
    WORD = "word"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        return self.kind is Kind.WORD and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind is Kind.SYMBOL and self.text in symbols


_TOKEN = re.compile(
    r"""
      (?P<date>   [0-9]{4}-[0-9]{2}-[0-9]{2} (?: T[0-9:]+Z? )? (?![\w.-]) )
    | (?P<number> [+-]? (?: [0-9]+ (?: \.[0-9]* )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? (?![\w.]) )
    | (?P<text>   ' (?: [^'] | '' )* ' | " (?: [^"] | "" )* " )
    | (?P<quoted_name> ` [^`]+ ` )
    | (?P<word>   [^\W\d] [\w-]* )
    | (?P<symbol> <> | <= | >= | == | != | [=<>(),.] )
    """,
    re.VERBOSE,
)


def tokens_of(expression: str) -> list[Token]:
    """Gives the words and signs of an expression, and the end.

    Raises:
        FilterError: a character or number that means nothing.
    """
    tokens: list[Token] = []
    position = 0
    while True:
        while position < len(expression) and expression[position].isspace():
            position += 1
        if position == len(expression):
            return [*tokens, Token(Kind.END, "", position)]
        match = _TOKEN.match(expression, position)
        if match is None:
            raise filter_error(expression, position, _unreadable(expression[position]))
        tokens.append(Token(Kind(match.lastgroup), match.group(), position))
        position = match.end()


def _unreadable(character: str) -> str:
    if character in "'\"`":
        return f"the quote {character} is never closed"
    if character.isdigit() or character in "+-":
        return "this is not a number"
    return f"the character {character!r} means nothing here"
