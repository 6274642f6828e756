"""Lexical search: which chunks have the words of a query, ranked by FTS5's BM25.

FTS5 tells quickly which chunks have a word and takes long to score one, and most chunks that match a question have
one common word of it. So the score is bounded first: a phrase adds less than ``idf * (k1 + 1)``, however often it
occurs. The chunks of the highest bounds are scored; what the k-th of them has no bound reaches is left out. The answer
is the same as if all had been scored. (Turtle, Flood 1995, "Query evaluation: strategies and optimizations",
https://doi.org/10.1016/0306-4573(95)00020-H)

Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", https://doi.org/10.1561/1500000019;
k1 = 1.2, b = 0.75 and the idf as in https://sqlite.org/fts5.html#the_bm25_function
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.errors import IndexStateError
from searchkit.store.lexical_tables import can_be_asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store.lexical_query import LexicalQuery, Term
    from searchkit.types import Ids

    Scores: TypeAlias = NDArray[np.float64]  # (N,) one a chunk, higher is better

WEIGHTS = (1.0, 1.0, 1.0)  # of a word in the title, in the headings, in the text
K1 = 1.2
SCORED_FIRST = 64  # chunks whose scores show what the others have to reach
_ROUNDING = 1 - 1e-9  # bounds and scores are sums in another order

_RANKED = f"""SELECT rowid, -bm25(chunk_words, {", ".join(map(str, WEIGHTS))}) FROM chunk_words
    WHERE chunk_words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))"""  # +: one pass, not a search for each id
_WITH_WORD = "SELECT group_concat(rowid) FROM chunk_words WHERE chunk_words MATCH ?"  # one text: ten times a row each


class LexicalReader:
    """Reads the lexical index of the snapshot that a connection sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def exists(self) -> bool:
        """Whether there are words, of an analysis that fits the queries of this searchkit."""
        return can_be_asked(self._connection)

    def nearest(self, query: LexicalQuery, k: int, allowed: Ids | None = None) -> tuple[Scores, Ids]:
        """The ``k`` best of the chunks that match, among those allowed: scores (n,) and ids (n,), n <= k.

        Best first; equal scores rank by id.

        Raises:
            IndexStateError: there is no lexical index that can be asked.
        """
        self._require()
        ids, bounds = self._matching(query, allowed)
        if len(ids) <= max(k, SCORED_FIRST):
            return _best(self._scored(query, ids), ids, k)
        order = np.argpartition(-bounds, max(k, SCORED_FIRST) - 1)
        first, others = order[: max(k, SCORED_FIRST)], order[max(k, SCORED_FIRST) :]
        scores = self._scored(query, ids[first])
        needed = np.partition(scores, len(scores) - k)[len(scores) - k] if k else math.inf
        others = others[bounds[others] >= needed * _ROUNDING]
        more = self._scored(query, ids[others])
        return _best(np.concatenate([scores, more]), ids[np.concatenate([first, others])], k)

    def scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        """BM25 of the chunks ``ids`` (N,) in that order, float64 (N,); 0 where one does not match."""
        self._require()
        scores = self._scored(query, ids)
        if query.required or query.excluded:
            scores[~np.isin(ids, self._matching(query, ids)[0])] = 0
        return scores

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        """For each of ``ids`` the terms of the query that occur in the chunk, as they were written."""
        self._require()
        found = [(term.written, set(self._with(term).tolist())) for term in query.wanted]
        return {i: tuple(written for written, holders in found if i in holders) for i in ids.tolist()}

    def _require(self) -> None:
        if not self.exists():
            raise IndexStateError(
                "the index has no words that can be looked up: another version of searchkit wrote it",
                hint="run `searchkit index FOLDER` once, which adds them; until then search with --mode dense",
            )

    def _matching(self, query: LexicalQuery, allowed: Ids | None) -> tuple[Ids, Scores]:
        """The chunks that match, and what no score exceeds."""
        holders = [self._with_phrase(phrase) for phrase in query.phrases]
        ids, sums = _summed(holders, self._bounds(holders))
        kept = np.ones(len(ids), dtype=bool)
        for term in query.required:
            kept &= np.isin(ids, self._with(term))
        for term in query.excluded:
            kept &= ~np.isin(ids, self._with(term))
        if allowed is not None:
            kept &= np.isin(ids, allowed)
        return ids[kept], sums[kept]

    def _bounds(self, holders: Sequence[Ids]) -> Scores:
        """What a phrase adds to a score at most. FTS5 knows the number of chunks; no lower one will do."""
        newest = self._connection.execute("SELECT coalesce(max(chunk_id), 0) FROM chunks").fetchone()[0]
        odds = ((newest - len(one) + 0.5) / (len(one) + 0.5) for one in holders)
        return np.array([(K1 + 1) * max(math.log(max(odd, 1)), 1e-6) for odd in odds])

    def _with(self, term: Term) -> Ids:
        return np.concatenate([self._with_phrase(phrase) for phrase in term.phrases])

    def _with_phrase(self, phrase: str) -> Ids:
        ids = self._connection.execute(_WITH_WORD, [phrase]).fetchone()[0]
        return np.empty(0, np.int64) if ids is None else np.fromstring(ids, dtype=np.int64, sep=",")

    def _scored(self, query: LexicalQuery, ids: Ids) -> Scores:
        if not len(ids):
            return np.empty(0)
        known = dict(self._connection.execute(_RANKED, [query.match, json.dumps(ids.tolist())]))
        return np.array([known.get(chunk_id, 0.0) for chunk_id in ids.tolist()])


def _summed(holders: Sequence[Ids], values: Scores) -> tuple[Ids, Scores]:
    """The ids in any of the arrays, ascending, with the sum of the values of those that hold them."""
    ids = np.concatenate(holders)
    order = np.argsort(ids, kind="stable")  # quick: the arrays are sorted already
    ids, values = ids[order], np.repeat(values, [len(one) for one in holders])[order]
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    return ids[starts], np.add.reduceat(values, starts) if len(ids) else values


def _best(scores: Scores, ids: Ids, k: int) -> tuple[Scores, Ids]:
    best = np.lexsort((ids, -scores))[:k]
    return scores[best], ids[best]
