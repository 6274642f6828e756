"""Heading paths that leave room for the text: at most a share of the encoder's window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from searchkit.chunking.passage import CUT_MARK, SEPARATOR
from searchkit.chunking.tokens import encodable

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class FittedPath:
    """A path for ``Chunk.heading_path`` and what ``passage_text`` will spend on its first line, in tokens."""

    headings: tuple[str, ...]
    tokens: int


class PathFitter:
    """Shortens heading paths to ``allowance`` tokens, title and separators included.

    The title and the innermost heading say most: they come first and are cut short where they must be. Of
    the headings between them those nearest to the text are kept, whole.
    """

    def __init__(self, tokenizer: Tokenizer, allowance: int) -> None:
        self._tokenizer = tokenizer
        self._allowance = allowance
        self._separator = max(self._length(SEPARATOR), self._length("\n"))
        self._cut_mark = self._length(CUT_MARK)
        self._cost = lru_cache(maxsize=4096)(self._length)  # "Examples", "See also": the same in many documents

    def fit(self, title: str, headings: Sequence[str]) -> FittedPath:
        """The path for chunks under ``headings`` (outermost first, without the title) of ``title``."""
        kept: list[str] = []
        spent = 0
        if headings:
            share = self._allowance // 2 if title else self._allowance
            kept = [self._clipped(headings[-1], share)]
            spent = self._spent(kept[0])
        short_title = self._clipped(title, self._allowance - spent) if title else ""
        spent += self._spent(short_title) if title else 0
        for heading in reversed(headings[:-1]):
            spent += self._spent(heading)
            if spent > self._allowance:
                spent -= self._spent(heading)
                break
            kept.insert(0, heading)
        # A title cut short stands in the path itself: passage_text then does not say it in full.
        lead = [] if short_title == title else [short_title]
        return FittedPath((*lead, *kept), spent)

    def _spent(self, heading: str) -> int:
        return self._cost(heading) + self._separator

    def _clipped(self, heading: str, allowance: int) -> str:
        if self._spent(heading) <= allowance:
            return heading
        room = max(0, allowance - self._separator - self._cut_mark)
        spans = self._tokenizer.encode(encodable(heading), add_special_tokens=False).offsets
        end = spans[room - 1][1] if room else 0
        clipped = heading[:end]
        if not heading[end : end + 1].isspace():
            clipped = clipped.rpartition(" ")[0] or clipped
        return clipped.rstrip() + CUT_MARK

    def _length(self, text: str) -> int:
        return len(self._tokenizer.encode(encodable(text), add_special_tokens=False).ids)
