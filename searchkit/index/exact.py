"""Exact search over the float16 rows of an index file, or over the same bytes in memory.

A few queries are scanned by FAISS (100,000 x 384 in about 4 ms on one idle core), many at once multiplied as one
matrix (`brute.nearest`), which is faster from eight queries on, or scanned by a GPU (`gpu`). None of them decides: a
scan breaks ties in no promised order and its sums differ from BLAS in the last bits, so it only names the candidates:
some more than k, scored again by ``brute.refine``. Where the extra ones still tie with the last place (many equal
chunks), ``brute.nearest`` answers instead.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from searchkit.index.brute import nearest, nothing_found, refine, rounding_margin
from searchkit.index.contract import Batch, IdFilter, IndexFacts, Neighbours, check_k, unit_queries
from searchkit.index.gpu import FEWEST_ROWS, ROUNDING_MARGIN, GpuScan, may_use, scan_for
from searchkit.index.layout import Parts, parts_of, write_rows
from searchkit.index.library import load_faiss, read_faiss, threads_for
from searchkit.index.selection import Selection, select

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

    # (Q, W) scores and positions, best first, and how far two of the scores may be off
    _Pass: TypeAlias = tuple[Rows, NDArray[np.int64], float]
    _Scan: TypeAlias = Callable[[Rows, int, Selection | None], _Pass]

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

    def __init__(self, parts: Parts, device: str = "cpu") -> None:
        """Takes the parts of a file, and where many queries are to be searched; use `build` or `from_file`."""
        self._parts, self._device = parts, device
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
        k = check_k(k)
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
        if not is_small and self.is_for_gpu(len(unit)):
            return self._refined(unit, k, selection, count, self._scan_by_gpu)
        if is_small or len(unit) >= _MANY_QUERIES or not self._faiss_pays(count * len(unit)):
            return nearest(unit, self.ids, self.rows, k, None if selection is None else selection.positions)
        return self._refined(unit, k, selection, count, self._scan_by_faiss)

    def is_for_gpu(self, queries: int) -> bool:
        """Whether so many queries at once are searched by a GPU."""
        are_enough = queries >= _MANY_QUERIES and self.count >= FEWEST_ROWS
        return are_enough and may_use(self._device) and self._on_gpu is not None

    def _faiss_pays(self, rows: int) -> bool:
        ExactIndex._rows_read += rows
        return "faiss" in sys.modules or ExactIndex._rows_read > _ROWS_BEFORE_FAISS

    def _refined(self, unit: Rows, k: int, selection: Selection | None, count: int, scan: _Scan) -> Neighbours:
        """The k best of what a first pass names, by their true scores."""
        wanted = min(count, k + k // 8 + _EXTRA_CANDIDATES)
        scores, candidates, margin = scan(unit, wanted, selection)
        found = nothing_found(len(unit), k)
        for place, query in enumerate(unit):
            if wanted < count and scores[place, -1] >= scores[place, k - 1] - margin:
                positions = None if selection is None else selection.positions
                part = nearest(query[np.newaxis], self.ids, self.rows, k, positions)
                found.scores[place], found.ids[place] = part.scores[0], part.ids[0]
            else:
                refine(found, place, query, self.ids, self.rows, candidates[place])
        return found

    def _scan_by_faiss(self, unit: Rows, wanted: int, selection: Selection | None) -> _Pass:
        parameters = None if selection is None else load_faiss().SearchParameters(sel=selection.selector)
        with threads_for(len(unit)):
            return *self._scanner.search(unit, wanted, params=parameters), rounding_margin(self.dimension)

    def _scan_by_gpu(self, unit: Rows, wanted: int, selection: Selection | None) -> _Pass:
        assert self._on_gpu is not None
        return *self._on_gpu.scan(unit, wanted, selection), ROUNDING_MARGIN

    @cached_property
    def _on_gpu(self) -> GpuScan | None:
        """The rows on the GPUs, sent when first needed."""
        return scan_for(self.rows, self._device)

    @cached_property
    def _scanner(self) -> Any:
        """The rows as FAISS sees them: a view of the same memory."""
        return read_faiss(self._parts.scanner)
