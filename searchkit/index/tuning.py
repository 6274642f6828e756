"""What an approximate index has to look at to find what exact search finds, measured on its own rows.

Queries are made of stored rows: each is moved in a random direction of the corpus (one with the covariance of its
rows) until its nearest row is as far as a question's is, at a cosine near 0.6. Rows themselves would be too easy as
queries wherever the corpus says things twice. Measured with 100,000 sentences and a million, such queries need as many
candidates as held-out sentences and real questions do, or more (up to 1.6 times).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index.brute import nearest
from searchkit.index.contract import unit_queries
from searchkit.index.halves import widened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchkit.index.contract import StoredRows
    from searchkit.index.scanner import Scanner
    from searchkit.types import Rows

QUERIES = 192
K = 10
DEEP_K = 100
MOST_CANDIDATES = 4096
_SAMPLE = 4096
_MOVED = 1.5  # lengths of a row
_STEP = 8  # candidates are rounded up to a multiple

# What was measured for a row of 384 dimensions: to pass over its codes, and to read it and score it. Only their
# ratio matters. A clock would choose differently each time.
_SCAN_NS = 5.0
_SCORE_NS = 700.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of an index is looked at: its nearest lists, and candidates for 10 and for 100 places."""

    probes: int
    candidates: int
    deep_candidates: int

    @classmethod
    def of(cls, parameters: Mapping[str, int]) -> Effort:
        """What `parameters` keeps, as an index does."""
        return cls(*(parameters[field.name] for field in fields(cls)))

    def parameters(self) -> dict[str, int]:
        return asdict(self)

    def raised(self) -> Effort:
        """A quarter more candidates."""
        return replace(self, candidates=self.candidates * 5 // 4 + 1, deep_candidates=self.deep_candidates * 5 // 4 + 1)

    def candidates_for(self, k: int) -> int:
        """Between the two as a power of k, beyond them in proportion."""
        if k <= K:
            return self.candidates
        if k >= DEEP_K:
            return -(-self.deep_candidates * k // DEEP_K)
        share = np.log(k / K) / np.log(DEEP_K / K)
        return int(np.ceil(self.candidates * (self.deep_candidates / self.candidates) ** share))


@dataclass(frozen=True, eq=False)
class Trial:
    """Queries with the positions of their true neighbours, best first: (Q, D), (Q, 10), (Q, up to 100)."""

    queries: Rows
    nearest: NDArray[np.int64]
    deep: NDArray[np.int64]

    @classmethod
    def of(cls, rows: StoredRows) -> Trial:
        """The trial of an index of these rows, always the same."""
        random = np.random.default_rng(0)
        sample = widened(rows[np.sort(random.choice(len(rows), min(len(rows), _SAMPLE), replace=False))])
        chosen = widened(rows[np.sort(random.choice(len(rows), QUERIES, replace=len(rows) < QUERIES))])
        mixture = random.standard_normal((QUERIES, len(sample))).astype(np.float32) / np.float32(len(sample) ** 0.5)
        queries = unit_queries(chosen + np.float32(_MOVED) * (mixture @ (sample - sample.mean(axis=0))), rows.shape[1])
        found = nearest(queries, np.arange(len(rows)), rows, min(DEEP_K, len(rows)), None).ids
        return cls(queries, found[:, :K], found)


@dataclass(frozen=True, eq=False)
class Places:
    """Where true neighbours stand in what an index sees, each (Q, T); 0 is first.

    Attributes:
        candidate: among the candidates of their query when all lists are scanned.
        of_list: the rank of their list, counted by its nearness to the query.
    """

    candidate: NDArray[np.int64]
    of_list: NDArray[np.int64]


def least_effort(trial: Trial, scanner: Scanner, target: float) -> Effort:
    """The cheapest effort with which the scanner finds the wanted share of the true neighbours."""
    _, scanned = scanner.scan(trial.queries, min(MOST_CANDIDATES, scanner.count), scanner.lists)
    order, list_of = scanner.nearest_lists(trial.queries), scanner.list_of_rows()
    rank = np.argsort(order, axis=1)
    ten, deep = (
        Places(places(true, scanned), np.take_along_axis(rank, list_of[true], axis=1))
        for true in (trial.nearest, trial.deep)
    )
    sizes = np.bincount(list_of, minlength=scanner.lists)
    return cheapest(ten, deep, np.cumsum(sizes[order], axis=1).mean(axis=0), target)


def cheapest(ten: Places, deep: Places, rows_scanned: NDArray[np.float64], target: float) -> Effort:
    """The cheapest effort that finds the wanted share of the neighbours.

    Args:
        ten, deep: the places of the true 10 and 100 nearest.
        rows_scanned: (L,) how many rows lie in the nearest 1, 2, ... L lists.
        target: of the share found, above 0, at most 1.
    """
    lists = len(rows_scanned)
    best, least = Effort(lists, MOST_CANDIDATES, MOST_CANDIDATES), np.inf
    for probes in _ladder(lists):
        candidates = _needed(ten, probes, target)
        cost = rows_scanned[probes - 1] * _SCAN_NS + candidates * _SCORE_NS
        if candidates <= MOST_CANDIDATES and cost < least:
            deep_candidates = min(_needed(deep, probes, target), _needed(deep, lists, target), MOST_CANDIDATES)
            best, least = Effort(probes, candidates, max(candidates, deep_candidates)), cost
    return best


def places(true: NDArray[np.int64], candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """(Q, T): where each of the (Q, T) positions stands in its row of (Q, C) candidates; C if it does not."""
    found = np.empty(true.shape, np.int64)
    for query, own in enumerate(candidates):
        order = np.argsort(own, kind="stable")
        at = np.minimum(np.searchsorted(own, true[query], sorter=order), len(own) - 1)
        found[query] = np.where(own[order[at]] == true[query], order[at], len(own))
    return found


def share_found(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """The share of true neighbours (Q, T) that are in the rows of (Q, k) positions."""
    return float(np.mean(places(true, found) < found.shape[1]))


def _needed(places: Places, probes: int, target: float) -> int:
    """How many candidates find the wanted share in that many lists; more than the most where none do."""
    reached = np.where(places.of_list < probes, places.candidate, MOST_CANDIDATES)
    rank = int(np.sort(reached, axis=None)[int(np.ceil(target * reached.size)) - 1])
    return -(-(rank + 1) // _STEP) * _STEP + _STEP  # the last ones are lost to ties


def _ladder(lists: int) -> list[int]:
    """Numbers of lists worth a try, each about a tenth more than the one before."""
    return sorted({min(lists, int(np.ceil(1.1**power))) for power in range(int(np.log(lists) / np.log(1.1)) + 2)})
