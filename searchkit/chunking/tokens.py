"""Token counts of any span of a text, from one pass of the tokenizer over the whole."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

# An encoding costs some 200 bytes a token while it lives; eight windows at a time keep that under 50 MB
# whatever the length of the document, and give the tokenizer's threads something to share.
WINDOW_CHARACTERS = 1 << 16
WINDOWS_AT_ONCE = 8

# A "word" the tokenizer gives up on (base64, a minified line) is one token however long it is, and padding
# is none at all. So that characters stay bounded too, a stretch this long without a token counts as more.
LONGEST_STRETCH = 64
STRETCH_STEP = 4


class TokenMap:
    """Where the tokens of one text begin.

    Args:
        starts: (T,) int64, the first character of each token, ascending; several tokens may share one.
    """

    def __init__(self, starts: NDArray[np.int64]) -> None:
        self._starts = starts.data  # a memoryview: bisecting it gives plain ints, several times faster than an array

    def count(self, start: int, end: int) -> int:
        """Tokens that begin in ``text[start:end]``."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def reach(self, start: int, tokens: int, end: int) -> int:
        """The farthest position up to ``end`` such that ``count(start, position) <= tokens``."""
        after = bisect_left(self._starts, start) + tokens
        return end if after >= len(self._starts) else min(end, max(start, self._starts[after]))

    def reach_back(self, end: int, tokens: int, start: int) -> int:
        """The farthest position back to ``start`` such that ``count(position, end) <= tokens``."""
        left_out = bisect_left(self._starts, end) - tokens - 1
        return start if left_out < 0 else max(start, self._starts[left_out] + 1)


def map_tokens(text: str, tokenizer: Tokenizer) -> TokenMap:
    """Tokenise ``text`` once, in bounded windows; ``tokenizer`` must neither truncate nor pad."""
    windows = _windows(text)
    parts = [np.empty(0, np.int64)]
    while batch := list(islice(windows, WINDOWS_AT_ONCE)):
        encodings = tokenizer.encode_batch([encodable(text[a:b]) for a, b in batch], add_special_tokens=False)
        for (offset, _), encoding in zip(batch, encodings, strict=True):
            spans = encoding.offsets
            parts.append(np.fromiter((span[0] for span in spans), np.int64, len(spans)) + offset)
    starts = np.maximum.accumulate(np.concatenate(parts))  # normalisers may reorder combining marks
    return TokenMap(_with_stretches(starts, len(text)))


def encodable(text: str) -> str:
    """``text`` with lone surrogates, which no tokenizer takes, as question marks; its length stays."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of pieces that end at a paragraph, else at a line, a space, or anywhere."""
    start = 0
    while start < len(text):
        end = start + WINDOW_CHARACTERS
        if end >= len(text):
            end = len(text)
        else:
            breaks = (text.rfind(mark, start, end) for mark in ("\n\n", "\n", " "))
            end = next((found for found in breaks if found > start), end)
        yield start, end
        start = end


def _with_stretches(starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Add a token every few characters wherever the tokenizer gave none for long."""
    edges = np.concatenate([[0], starts, [length]])
    wide = np.flatnonzero(np.diff(edges) > LONGEST_STRETCH)
    if not len(wide):
        return starts
    filling = [np.arange(edges[i], edges[i + 1], STRETCH_STEP, dtype=np.int64)[1:] for i in wide]
    return np.sort(np.concatenate([starts, *filling]), kind="stable")
