"""What is asked of the lexical index: text -> the terms that are looked up."""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.store.words import words_of

MOST_TERMS = 64


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query: as a person wrote it, and as an FTS5 expression."""

    written: str
    match: str


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """Terms of which a chunk has to match at least one.

    Attributes:
        parts: the terms.
    """

    parts: tuple[Term, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms as a person wrote them."""
        return tuple(part.written for part in self.parts)

    @property
    def match(self) -> str:
        """The FTS5 expression."""
        return " OR ".join(part.match for part in self.parts)


def plain_query(text: str) -> LexicalQuery | None:
    """The words of a text, any of which may match; None where there is no word in it."""
    words = list(dict.fromkeys(words_of(text)))[:MOST_TERMS]
    return LexicalQuery(tuple(Term(word, f'"{word}"') for word in words)) if words else None


def parse_query(text: str) -> LexicalQuery:
    """The query that a text in the small language of ``--mode lexical`` asks.

    Raises:
        QueryError: there is nothing to look for.
    """
    from searchkit.errors import QueryError

    query = plain_query(text)
    if query is None:
        raise QueryError("the query has no word in it", hint="such as: rename a branch", position=0)
    return query
