"""Reading the database. Every method reads the snapshot of the transaction it is called in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.store.connection import connect_reader, is_frozen, transaction, translated
from searchkit.store.filters.recent import RecentFilters
from searchkit.store.lexical.search import LexicalReader
from searchkit.store.lexical.tables import ANALYSIS_SETTING
from searchkit.store.reading.chunks import ChunkReader
from searchkit.store.reading.settings import SettingsReader
from searchkit.store.reading.sources import SourceReader
from searchkit.store.reading.vectors import VectorReader
from searchkit.store.rows import Counts

if TYPE_CHECKING:
    from searchkit.store.lexical.query import LexicalQuery
    from searchkit.types import Ids, Scores


class StoreReader(SettingsReader, VectorReader, ChunkReader, SourceReader):
    """A read-only view of the database, for one thread at a time.

    >>> with reader.snapshot():          # doctest: +SKIP
    ...     reader.counts()
    """

    def __init__(self, path: Path, connection: sqlite3.Connection | None = None) -> None:
        """Open the database, or read on an open connection what its writer has not yet committed."""
        is_own = connection is None
        self.is_frozen = is_own and is_frozen(path)  # whether it may not see what is committed from now on
        super().__init__(connect_reader(path) if connection is None else connection, path)
        self._lexical = LexicalReader(self._connection)
        self._recent = RecentFilters(self._connection) if is_own else None  # a writer's own changes come between

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[StoreReader]:
        """One committed state for all reads within; SQLite's errors come out as ours."""
        with translated(self._path), transaction(self._connection):
            yield self

    def counts(self) -> Counts:
        one = self._scalar
        covered = one("SELECT coalesce(max(max_chunk_id), 0) FROM generations")
        return Counts(
            sources=one("SELECT count(*) FROM sources WHERE status = 'indexed'"),
            refused=one("SELECT count(*) FROM sources WHERE status = 'refused'"),
            documents=one("SELECT count(*) FROM documents"),
            chunks=one("SELECT count(*) FROM chunks"),
            tail=one("SELECT count(*) FROM chunks WHERE chunk_id > ?", covered),
            deleted=one("SELECT count(*) FROM deleted_chunks"),
        )

    # --- words

    def has_lexical(self) -> bool:
        """Whether words can be looked up; not so in an index of an older searchkit until somebody writes to it.

        Raises:
            IndexDamagedError: what tells of them is not as it was written.
        """
        return self._setting(ANALYSIS_SETTING, default=None) is not None and self._lexical.exists()

    def lexical_nearest(self, query: LexicalQuery, k: int, allowed: Ids | None = None) -> tuple[Scores, Ids]:
        """The ``k`` chunks that answer the words of a query best, among those allowed: BM25 (n,), ids (n,)."""
        return self._lexical.nearest(query, k, allowed)

    def lexical_scores(self, query: LexicalQuery, ids: Ids) -> Scores:
        """BM25 of the chunks ``ids`` (N,) in that order, 0 where nothing matches."""
        return self._lexical.scores(query, ids)

    def lexical_most(self, query: LexicalQuery) -> float:
        """What no chunk's BM25 for the query reaches."""
        return self._lexical.most(query)

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]:
        """The terms of the query that occur in each chunk, as the person wrote them."""
        return self._lexical.matched_terms(query, ids)
