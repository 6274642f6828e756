"""Exact search over the float16 rows of an index file, or over the same bytes in memory.

A few queries are scanned by FAISS (100,000 x 384 in about 4 ms on one idle core), many at once multiplied as one
matrix (`brute.nearest`), which is faster from eight queries on. Neither decides: a FAISS scan breaks ties in no
promised order and its float32 sums differ from BLAS in the last bit, so it only names the candidates: a few more
than k, scored again by ``brute.refine``. Where the extra ones still tie with the last place (many equal chunks),
``brute.nearest`` answers instead.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from searchkit.index.brute import nearest, nothing_found, refine, rounding_margin
from searchkit.index.contract import Batch, IdFilter, IndexFacts, Neighbours, check_k, unit_queries
from searchkit.index.layout import Parts, parts_of, write_rows
from searchkit.index.library import load_faiss, read_faiss, threads_for
from searchkit.index.selection import Selection, select

if TYPE_CHECKING:
    from searchkit.types import Ids, Rows

# Measured at 100,000 x 384: reading 1 in 16 rows directly costs what a FAISS scan of all costs, and one product
# with eight queries what eight scans cost.
_DIRECT_SHARE = 16
_MANY_QUERIES = 8
_EXTRA_CANDIDATES = 32
# Importing FAISS takes 0.15 s, as long as going through so many rows without it. So a process does without until
# it has gone through as many: a single question of the command line never waits for the import.
_ROWS_BEFORE_FAISS = 500_000


class ExactIndex:
    """Exact cosine search; the reference that the other kinds are compared with."""

    kind: ClassVar[str] = "exact"
    _rows_read = 0  # in this process, without FAISS

    def __init__(self, parts: Parts) -> None:
        """Takes the parts of a file; use `build` or `searchkit.index.from_file`."""
        self._parts = parts
        self.dimension = parts.dimension
        self.ids: Ids = parts.ids
        self.count = len(parts.ids)
        self.rows = parts.rows
        self.facts = IndexFacts(self.count)
        self._without: tuple[Ids, Selection | None] | None = None

    @classmethod
    def build(cls, batches: Iterable[Batch], dimension: int) -> ExactIndex:
        """See `searchkit.index.build`."""
        stream = io.BytesIO()
        write_rows(stream, batches, dimension)
        return cls(parts_of(np.frombuffer(stream.getbuffer(), np.uint8)))

    def search(
        self, queries: Rows, k: int, *, allowed: IdFilter | None = None, excluded: Ids | None = None
    ) -> Neighbours:
        """See `VectorIndex.search`."""
        check_k(k)
        return self.nearest(unit_queries(queries, self.dimension), k, self.selection(allowed, excluded))

    def selection(self, allowed: IdFilter | None, excluded: Ids | None) -> Selection | None:
        """The rows that may be returned; None for all. That of the same excluded ids is remembered."""
        if allowed is not None or excluded is None:
            return select(self.ids, allowed, excluded)
        known = self._without
        if known is None or known[0] is not excluded:
            known = self._without = (excluded, select(self.ids, None, excluded))
        return known[1]

    def nearest(self, unit: Rows, k: int, selection: Selection | None) -> Neighbours:
        """The k nearest of the selected rows for (Q, D) unit queries, by the cheapest way."""
        count = self.count if selection is None else selection.count
        is_small = count * _DIRECT_SHARE <= self.count
        if is_small or len(unit) >= _MANY_QUERIES or not self._faiss_pays(count * len(unit)):
            return nearest(unit, self.ids, self.rows, k, None if selection is None else selection.positions)
        return self._scan(unit, k, selection, count)

    def _faiss_pays(self, rows: int) -> bool:
        ExactIndex._rows_read += rows
        return "faiss" in sys.modules or ExactIndex._rows_read > _ROWS_BEFORE_FAISS

    def _scan(self, unit: Rows, k: int, selection: Selection | None, count: int) -> Neighbours:
        faiss = load_faiss()
        wanted = min(count, k + k // 8 + _EXTRA_CANDIDATES)
        margin = rounding_margin(self.dimension)
        parameters = None if selection is None else faiss.SearchParameters(sel=selection.selector)
        with threads_for(len(unit)):
            scores, candidates = self._scanner.search(unit, wanted, params=parameters)
        found = nothing_found(len(unit), k)
        for place, query in enumerate(unit):
            if wanted < count and scores[place, -1] >= scores[place, k - 1] - margin:
                positions = None if selection is None else selection.positions
                part = nearest(query[np.newaxis], self.ids, self.rows, k, positions)
                found.scores[place], found.ids[place] = part.scores[0], part.ids[0]
            else:
                refine(found, place, query, self.ids, self.rows, candidates[place])
        return found

    @cached_property
    def _scanner(self) -> Any:
        """The rows as FAISS sees them: a view of the same memory."""
        return read_faiss(self._parts.scanner)
