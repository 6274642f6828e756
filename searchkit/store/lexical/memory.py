"""What lexical searches read of one state of an index, kept for the next: where words stand, how long chunks are.

Texts repeat their words: of questions put to one index, most words were asked for before. It is kept for a connection,
as long as nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from searchkit.store.lexical.bm25 import Postings, Size, read_lengths, read_postings, read_size

if TYPE_CHECKING:
    from searchkit.types import Ids, Scores

MOST_NUMBERS = 1 << 21  # of postings that are kept: 32 MB
MOST_LENGTHS = 1 << 24  # chunk ids up to here have their lengths kept, 4 bytes each
_UNKNOWN = -1


class LexicalMemory:
    """Reads what it was not asked before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._postings: OrderedDict[str, Postings] = OrderedDict()
        self._numbers = 0
        self._lengths = np.empty(0, np.int32)

    @cached_property
    def size(self) -> Size:
        """How many chunks there are, and how long they are on average."""
        return read_size(self._connection)

    def postings(self, phrase: str) -> Postings:
        """The chunks of an FTS5 phrase; those asked for last are kept."""
        known = self._postings.get(phrase)
        if known is not None:
            self._postings.move_to_end(phrase)
            return known
        found = read_postings(self._connection, phrase)
        self._postings[phrase] = found
        self._numbers += len(found.ids)
        while self._numbers > MOST_NUMBERS:
            _, oldest = self._postings.popitem(last=False)
            self._numbers -= len(oldest.ids)
        return found

    def lengths(self, ids: Ids) -> Scores:
        """How many words each of the chunks (N,) has, in their order; every one must be indexed."""
        if not len(ids) or int(ids.max()) >= MOST_LENGTHS or int(ids.min()) < 0:  # the last by damage alone
            return read_lengths(self._connection, ids)
        if int(ids.max()) >= len(self._lengths):
            self._lengths = _longer(self._lengths, int(ids.max()) + 1)
        unknown = ids[self._lengths[ids] == _UNKNOWN]
        if len(unknown):
            self._lengths[unknown] = read_lengths(self._connection, unknown)
        lengths: Scores = self._lengths[ids].astype(np.float64)
        return lengths


def _longer(
    lengths: np.ndarray[tuple[int], np.dtype[np.int32]], least: int
) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Room for so many, and some more so that it does not grow each time."""
    grown = np.full(min(MOST_LENGTHS, least + least // 4), _UNKNOWN, np.int32)
    grown[: len(lengths)] = lengths
    return grown
