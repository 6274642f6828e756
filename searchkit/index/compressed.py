"""A small code of each row is scanned for candidates, and these are scored exactly.

`pq` scans the codes of all rows, `ivf` those in the lists nearest to the query. Codes only choose: scores are made
from the rows themselves as in exact search, so a hit has its true cosine, and what can go wrong is that a neighbour
is not among the candidates. How many there have to be was measured when the index was made (``tuning``).

Candidates are those whose code scores above the last one that FAISS returned; the ones level with it are left out,
since which of them FAISS returns is chance. So equal rows, which have equal codes, are candidates all or none, and
the same query has the same answer alone and among others. Where too few remain, more are asked for, and in the end
exact search answers. It also does where it is cheaper: for few rows, for most of them, and for many queries on a GPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchkit.index.brute import nothing_found, refine
from searchkit.index.contract import IdFilter, IndexFacts, Neighbours, check_k, unit_queries
from searchkit.index.exact import ExactIndex
from searchkit.index.tuning import Effort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.index.scanner import Scanner
    from searchkit.index.selection import Selection
    from searchkit.types import Ids, Rows

# Measured at 384 dimensions: reading and scoring a row costs what scanning a hundred codes does.
_DIRECT_SHARE = 64
_DIRECT_ROWS = 1024
_WIDER = 8
# The best of those that are allowed may all stand behind others that are not, where rows are denser and more
# of them are as near: as many candidates are scored as for the places that they would have among all.
_DEEPER = 10


class CompressedIndex:
    """Approximate search over codes, exact scores."""

    def __init__(self, exact: ExactIndex, scanner: Scanner, facts: IndexFacts) -> None:
        """Takes the rows, their codes, and how they were tuned."""
        self._exact = exact
        self._scanner = scanner
        self._effort = Effort.of(facts.parameters)
        self.facts = facts
        self.kind = facts.kind
        self.dimension = exact.dimension
        self.ids: Ids = exact.ids
        self.count = exact.count

    def search(
        self, queries: Rows, k: int, *, allowed: IdFilter | None = None, excluded: Ids | None = None
    ) -> Neighbours:
        """See `VectorIndex.search`."""
        k = check_k(k)
        unit = unit_queries(queries, self.dimension)
        selection = self._exact.selection(allowed, excluded)
        count = self.count if selection is None else selection.count
        wanted = self._effort.candidates_for(min(_DEEPER * k, -(-k * self.count // max(1, count))))
        is_little = count <= max(_DIRECT_ROWS, self.count // _DIRECT_SHARE) or 2 * wanted >= count or not len(unit)
        if is_little or self._exact.is_for_gpu(len(unit)):
            return self._exact.nearest(unit, k, selection)
        probes = min(self._scanner.lists, -(-self._effort.probes * self.count // count))
        scores, positions = self._scanner.scan(unit, wanted, probes, selection)
        found = nothing_found(len(unit), k)
        for place, query in enumerate(unit):
            near = _candidates(scores[place], positions[place])
            if len(near) < max(k, wanted // 2):
                near = self._more_candidates(query, wanted, max(k, wanted // 2), selection, count)
            if len(near):
                refine(found, place, query, self.ids, self._exact.rows, near)
            else:
                part = self._exact.nearest(query[np.newaxis], k, selection)
                found.scores[place], found.ids[place] = part.scores[0], part.ids[0]
        return found

    def _more_candidates(
        self, query: Rows, wanted: int, needed: int, selection: Selection | None, count: int
    ) -> NDArray[np.int64]:
        """Candidates from all lists; none where that is no cheaper than exact search."""
        while (wanted := wanted * _WIDER) < count:
            scores, positions = self._scanner.scan(query[np.newaxis], wanted, self._scanner.lists, selection)
            near = _candidates(scores[0], positions[0])
            if len(near) >= needed:
                return near
        return np.empty(0, np.int64)


def _candidates(scores: Rows, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions above the last one; all of them where FAISS had no more."""
    return positions[scores > scores[-1]] if positions[-1] >= 0 else positions[positions >= 0]
