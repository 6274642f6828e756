"""Lexical search: which chunks hold the words of a query, ranked by BM25."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.errors import IndexStateError
from searchkit.store.words import ANALYSIS_VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store.lexical_query import LexicalQuery
    from searchkit.types import Ids

    Scores: TypeAlias = NDArray[np.float64]  # (N,) one a chunk, higher is better

WEIGHTS = "1.0, 1.0, 1.0"  # of a word in the title, the heading path, the text


class LexicalReader:
    """Reads the lexical index through a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def exists(self) -> bool:
        """Whether the index has a lexical part that this searchkit can ask."""
        try:
            row = self._connection.execute("SELECT value FROM settings WHERE name = 'analysis_version'").fetchone()
        except sqlite3.OperationalError:
            return False
        return row is not None and json.loads(row[0]) == ANALYSIS_VERSION

    def require(self) -> None:
        """Raises IndexStateError where there is no lexical part."""
        if not self.exists():
            raise IndexStateError(
                "the index was written by another searchkit and has no words that this one can look up",
                hint="run once: searchkit index FOLDER; until then search with --mode dense",
            )

    def nearest(self, query: LexicalQuery, k: int, allowed: Ids | None = None) -> tuple[Scores, Ids]:
        self.require()
        ids, scores = self._matches(query)
        if allowed is not None:
            kept = np.isin(ids, allowed)
            ids, scores = ids[kept], scores[kept]
        best = np.lexsort((ids, -scores))[:k]
        return scores[best], ids[best]

    def scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        self.require()
        found, scores = self._matches(query)
        known = dict(zip(found.tolist(), scores.tolist(), strict=True))
        return np.array([known.get(chunk_id, 0.0) for chunk_id in ids.tolist()], dtype=np.float64)

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        self.require()
        matched: dict[int, list[str]] = {chunk_id: [] for chunk_id in ids.tolist()}
        sql = "SELECT rowid FROM chunk_words WHERE chunk_words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))"
        for part in query.parts:
            for (chunk_id,) in self._connection.execute(sql, [part.match, json.dumps(ids.tolist())]):
                matched[chunk_id].append(part.written)
        return {chunk_id: tuple(terms) for chunk_id, terms in matched.items()}

    def _matches(self, query: LexicalQuery) -> tuple[Ids, Scores]:
        rows = self._connection.execute(
            f"SELECT rowid, -bm25(chunk_words, {WEIGHTS}) FROM chunk_words WHERE chunk_words MATCH ?", [query.match]
        ).fetchall()
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        return ids, np.fromiter((row[1] for row in rows), dtype=np.float64, count=len(rows))
