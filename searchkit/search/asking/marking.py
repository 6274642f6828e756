"""Where in a text the words stand that the lexical part found there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from searchkit.store.lexical.words import names_in

if TYPE_CHECKING:
    from searchkit.store import LexicalQuery
    from searchkit.store.lexical.words import Name

_TOKEN = re.compile(r"\S+")
_EDGE = re.compile(r"^\W+|\W+$")

Span = tuple[int, int]


def matched_spans(text: str, query: LexicalQuery) -> tuple[Span, ...]:
    """The stretches ``text[start:end]`` that match a term of the query, in order, none overlapping."""
    names = [(name, start, end) for start, end, name in _placed_names(text)]
    running = [placed for name, start, end in names for placed in _words(name, start, end)]
    wholes = [(name.whole, start, end) for name, start, end in names if name.whole]
    spans: list[Span] = []
    for phrase in query.phrases:
        wanted = phrase.rstrip("*").strip('"').split()
        is_open = phrase.endswith("*")
        spans.extend(_occurrences(running, wanted, is_open=is_open))
        if len(wanted) == 1:
            spans.extend(_occurrences(wholes, wanted, is_open=is_open))
    return _merged(spans)


def _placed_names(text: str) -> Iterator[tuple[int, int, Name]]:
    """The names in a text with their places, where folding left them as they are; else the place of their token."""
    for token in _TOKEN.finditer(text):
        place = token.start()
        for name in names_in(token[0]):
            found = text.find(name.written, place, token.end())
            if found >= 0:
                place = found + len(name.written)
                yield found, place, name
            else:
                bare = _EDGE.sub("", token[0])
                start = token.start() + token[0].find(bare)
                yield start, start + len(bare), name


def _words(name: Name, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The indexed words of a name with their places; the pieces of a name stand where the whole does."""
    if not name.is_run:
        yield from ((word, start, end) for word in name.words)
        return
    for offset, word in enumerate(name.indexed):
        yield word, start + offset, start + offset + len(word)


def _occurrences(running: Sequence[tuple[str, int, int]], wanted: Sequence[str], *, is_open: bool) -> Iterator[Span]:
    """Where the wanted words stand in a row; the last one of an open phrase may go on."""
    *before, last = wanted
    for place in range(len(running) - len(before)):
        here = [word for word, _, _ in running[place : place + len(wanted)]]
        if here[:-1] == before and (here[-1].startswith(last) if is_open else here[-1] == last):
            yield running[place][1], running[place + len(before)][2]


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
