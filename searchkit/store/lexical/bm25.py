"""BM25 over the lexical index, from what FTS5 keeps: in which chunks a word stands how often, and how long they are.

The numbers are those of FTS5's own bm25(), which takes about a microsecond for each chunk that matches at all. Here
the chunks of a word come as one text, and only chunks that may be among the best are scored: a word that occurs
``count`` times adds less than it would in a chunk of no length. (Turtle, Flood 1995, "Query evaluation: strategies
and optimizations", https://doi.org/10.1016/0306-4573(95)00020-H)

Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", https://doi.org/10.1561/1500000019;
k1, b, idf and its floor as in https://sqlite.org/fts5.html#the_bm25_function, every column with weight 1.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np

from searchkit.errors import IndexDamagedError

if TYPE_CHECKING:
    from searchkit.types import Ids, Scores

K1, B = 1.2, 0.75
LEAST_IDF = 1e-6  # of what stands in half of the chunks or more
_LAST = "\U0010ffff"

# one text for all rows: to fetch each row by itself takes three times as long
_OCCURRENCES = "SELECT group_concat(doc) FROM chunk_word_places WHERE term = ?"
_OCCURRENCES_BEGUN = "SELECT group_concat(doc) FROM chunk_word_places WHERE term >= ? AND term < ?"
_HOLDERS = "SELECT group_concat(rowid) FROM chunk_words WHERE chunk_words MATCH ?"
_ADDED = "SELECT rowid, -bm25(chunk_words) FROM chunk_words WHERE chunk_words MATCH ?"
_LENGTHS = (
    "SELECT sz FROM json_each(?) AS wanted CROSS JOIN chunk_words_docsize d ON d.id = wanted.value ORDER BY wanted.key"
)
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Size:
    """How many chunks there are, and how many words they have on average; 1 where there is no word at all."""

    chunks: int
    mean_length: float

    def idf(self, holders: int) -> float:
        odds = (self.chunks - holders + 0.5) / (holders + 0.5)
        return max(math.log(odds), LEAST_IDF) if odds > 0 else LEAST_IDF


@dataclass(frozen=True, eq=False, slots=True)
class Postings:
    """The chunks that hold a phrase.

    Attributes:
        ids: (N,) ascending.
        counts: (N,) how often; None for a phrase of several words, whose ``added`` FTS5 has told.
        added: (N,) what it adds to the score; empty where there are counts.
    """

    ids: Ids
    counts: Scores | None
    added: Scores

    def bounds(self, size: Size) -> Scores:
        """(N,) what no part of a score exceeds."""
        return self._parts(self.counts, size, 0.0) if self.counts is not None else self.added

    def most(self, size: Size) -> float:
        """What no part of a score reaches, however often the phrase occurs."""
        return size.idf(len(self.ids)) * (K1 + 1)

    def parts(self, ids: Ids, lengths: Scores, size: Size) -> Scores:
        """What the phrase adds to the scores of chunks (M,) of these lengths."""
        parts = np.zeros(len(ids))
        if not len(self.ids):
            return parts
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        held = self.ids[places] == ids
        places = places[held]
        if self.counts is None:
            parts[held] = self.added[places]
        else:
            parts[held] = self._parts(self.counts[places], size, lengths[held])
        return parts

    def _parts(self, counts: Scores, size: Size, lengths: Scores | float) -> Scores:
        idf = size.idf(len(self.ids))
        return idf * ((counts * (K1 + 1)) / (counts + K1 * (1 - B + B * lengths / size.mean_length)))


_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def _sound(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """FTS5's own tables have no checksums: where their numbers do not fit together, that is damage."""

    @wraps(read)
    def checked(*given: _Given.args, **named: _Given.kwargs) -> _Read:
        try:
            return read(*given, **named)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise IndexDamagedError(
                "searchkit.db is damaged: the words of its lexical index do not fit together",
                hint="see what is wrong with `searchkit verify --deep`, mend it with `searchkit repair`",
            ) from error

    return checked


@_sound
def read_postings(connection: sqlite3.Connection, phrase: str) -> Postings:
    """The chunks of an FTS5 phrase such as ``"one"``, ``"begin"*`` or ``"two words"``."""
    words = phrase.rstrip("*").strip('"')
    if " " in words:
        rows = sorted(connection.execute(_ADDED, [phrase]))
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return Postings(ids, None, np.array([row[1] for row in rows], dtype=np.float64))
    if phrase.endswith("*"):
        text = connection.execute(_OCCURRENCES_BEGUN, [words, words + _LAST]).fetchone()[0]
    else:
        text = connection.execute(_OCCURRENCES, [words]).fetchone()[0]
    ids, counts = _counted(_numbers(text))
    return Postings(ids, counts, np.empty(0))


@_sound
def read_holders(connection: sqlite3.Connection, phrase: str) -> Ids:
    """The ids of the chunks that hold an FTS5 phrase."""
    return _numbers(connection.execute(_HOLDERS, [phrase]).fetchone()[0])


@_sound
def read_size(connection: sqlite3.Connection) -> Size:
    """From the record that FTS5 keeps of all rows and the words in each column."""
    row = connection.execute("SELECT block FROM chunk_words_data WHERE id = 1").fetchone()
    chunks, *words = _varints(row[0]).tolist() or [0]  # empty before the first row
    return Size(chunks, sum(words) / chunks if chunks and any(words) else 1.0)


@_sound
def read_lengths(connection: sqlite3.Connection, ids: Ids) -> Scores:
    """How many words each of the chunks (N,) has, in their order; every one must be indexed."""
    rows = connection.execute(_LENGTHS, [json.dumps(ids.tolist())]).fetchall()
    columns = _varints(b"".join(row[0] for row in rows)).reshape(len(ids), _COLUMNS)
    lengths: Scores = columns.sum(axis=1).astype(np.float64)
    return lengths


def summed(arrays: Sequence[Ids], values: Sequence[Scores]) -> tuple[Ids, Scores]:
    """The ids in any of the arrays, ascending, with the sum of what each array has for them."""
    ids, all_values = np.concatenate(arrays), np.concatenate(values)
    order = np.argsort(ids, kind="stable")  # quick, since each array is sorted already
    ids = ids[order]
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    return ids[starts], np.add.reduceat(all_values[order], starts) if len(ids) else all_values


def _counted(ids: Ids) -> tuple[Ids, Scores]:
    """The different ids (N,) ascending, and how often each is there. Quick if they ascend, as those of a word do."""
    if np.any(ids[1:] < ids[:-1]):
        ids = np.sort(ids)
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    return ids[starts], np.diff(starts, append=len(ids)).astype(np.float64)


def _numbers(text: str | None) -> Ids:
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64)


def _varints(data: bytes) -> Ids:
    """The numbers of a record: seven bits a byte, the highest first, the eighth bit set on all but the last byte."""
    coded = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(coded < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1])
    places = np.repeat(ends, ends - starts + 1) - np.arange(len(coded))  # bytes of the same number still to come
    return np.add.reduceat((coded & 0x7F).astype(np.int64) << 7 * places, starts) if len(coded) else ends
