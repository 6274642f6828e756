"""Lexical search: which chunks have the words of a query, best first."""

from __future__ import annotations

import sqlite3
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexStateError
from searchkit.store.lexical.bm25 import Postings, Size, read_holders, summed
from searchkit.store.lexical.memory import LexicalMemory
from searchkit.store.lexical.tables import can_be_asked

if TYPE_CHECKING:
    from searchkit.store.lexical.query import LexicalQuery, Term
    from searchkit.types import Ids, Scores

SCORED_FIRST = 256  # chunks at least, and four for each one wanted: they show what the others have to reach
_ROUNDING = 1 - 1e-9  # bounds and scores are sums in another order


class LexicalReader:
    """Reads the lexical index of the snapshot that a connection sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last: tuple[object, _Words] | None = None  # one search asks several things of the same words
        self._memory: tuple[object, LexicalMemory] | None = None  # of one state of the index

    def exists(self) -> bool:
        """Whether there are words, of an analysis that fits the queries of this searchkit."""
        return can_be_asked(self._connection)

    def nearest(self, query: LexicalQuery, k: int, allowed: Ids | None = None) -> tuple[Scores, Ids]:
        """The ``k`` best of the chunks that match, among those allowed: scores (n,) and ids (n,), n <= k.

        Best first; equal scores rank by id.

        Raises:
            IndexStateError: there is no lexical index that can be asked.
        """
        words = self._words_of(query)
        ids, bounds = words.bounded
        kept = self._lets_through(query, ids)
        if allowed is not None:
            kept &= np.isin(ids, allowed)
        ids, bounds = ids[kept], bounds[kept]
        first = max(4 * k, SCORED_FIRST)
        if len(ids) <= first:
            return _best(words.scores(ids), ids, k)
        order = np.argpartition(-bounds, first - 1)
        scores = words.scores(ids[order[:first]])
        reached = np.partition(scores, first - k)[first - k]
        others = order[first:][bounds[order[first:]] >= reached * _ROUNDING]
        return _best(np.append(scores, words.scores(ids[others])), ids[np.append(order[:first], others)], k)

    def scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        """BM25 of the chunks ``ids`` (N,) in that order, float64 (N,); 0 where one does not match.

        Raises:
            IndexStateError: as for `nearest`.
        """
        words = self._words_of(query)
        scores = np.zeros(len(ids))
        matches = _among(ids, words.bounded[0]) & self._lets_through(query, ids)
        scores[matches] = words.scores(ids[matches])
        return scores

    def most(self, query: LexicalQuery) -> float:
        """What no chunk's score reaches: all that is asked, words that nothing has included, as often as can be.

        Raises:
            IndexStateError: as for `nearest`.
        """
        return self._words_of(query).most()

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        """For each of ``ids`` the terms of the query that occur in the chunk, as they were written."""
        self._require()
        found = [(term.written, set(self._with(term).tolist())) for term in dict.fromkeys(query.wanted)]
        return {
            chunk_id: tuple(dict.fromkeys(written for written, holders in found if chunk_id in holders))
            for chunk_id in ids.tolist()
        }

    def _require(self) -> None:
        if not self.exists():
            raise IndexStateError(
                "the index has no words that can be looked up: another version of searchkit wrote it",
                hint="run `searchkit index FOLDER` once, which adds them; until then search with --mode dense",
            )

    def _words_of(self, query: LexicalQuery) -> _Words:
        self._require()
        revision = self._connection.execute("SELECT value FROM settings WHERE name = 'revision'").fetchone()
        state = revision, self._connection.total_changes  # of others, and of this connection
        if self._memory is None or self._memory[0] != state:
            self._memory = state, LexicalMemory(self._connection)
        if self._last is None or self._last[0] != (query, state):
            phrases, memory = Counter(query.phrases), self._memory[1]
            postings = [memory.postings(phrase) for phrase in phrases]
            self._last = (query, state), _Words(memory, postings, list(phrases.values()))
        return self._last[1]

    def _lets_through(self, query: LexicalQuery, ids: Ids) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which chunks have what is required and nothing that is excluded."""
        kept = np.ones(len(ids), dtype=bool)
        for term in query.required:
            kept &= np.isin(ids, self._with(term))
        for term in query.excluded:
            kept &= ~np.isin(ids, self._with(term))
        return kept

    def _with(self, term: Term) -> Ids:
        return np.concatenate([read_holders(self._connection, phrase) for phrase in term.phrases])


class _Words:
    """The phrases that a query counts, with how often it counts each."""

    def __init__(self, memory: LexicalMemory, postings: list[Postings], times: list[int]) -> None:
        self._memory, self._postings, self._times = memory, postings, times
        self._size: Size = memory.size

    @cached_property
    def bounded(self) -> tuple[Ids, Scores]:
        """The chunks with any of them, ascending, and what no score exceeds."""
        bounds = [times * one.bounds(self._size) for one, times in zip(self._postings, self._times, strict=True)]
        return summed([one.ids for one in self._postings], bounds)

    def most(self) -> float:
        return sum(times * one.most(self._size) for one, times in zip(self._postings, self._times, strict=True))

    def scores(self, ids: Ids) -> Scores:
        """The scores of chunks (N,) that are all indexed."""
        scores = np.zeros(len(ids))
        lengths = self._memory.lengths(ids)
        for one, times in zip(self._postings, self._times, strict=True):
            scores += times * one.parts(ids, lengths, self._size)
        return scores


def _among(ids: Ids, ascending: Ids) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(N,) which of the ids are in an ascending array."""
    if not len(ascending):
        return np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = ascending[places] == ids
    return found


def _best(scores: Scores, ids: Ids, k: int) -> tuple[Scores, Ids]:
    best = np.lexsort((ids, -scores))[:k]
    return scores[best], ids[best]
