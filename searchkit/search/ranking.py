"""A ranking: chunks in the order that one part of a search gives them; and how two become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store import LexicalQuery
    from searchkit.types import Ids

RRF_K = 60  # of Cormack, Clarke, Buettcher 2009; damps the weight of the first ranks


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Chunks, best first.

    Attributes:
        ids: (n,) int64 chunk ids, each once.
        scores: (n,) float64, higher is better, on the scale of whoever ranked.
    """

    ids: Ids
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: Ids, scores: NDArray[np.floating]) -> Ranking:
        """In order of the scores; ties by chunk id."""
        order = np.lexsort((ids, -scores))
        return cls(ids[order], scores[order].astype(np.float64))

    def first(self, count: int) -> Ranking:
        """The best ``count``."""
        return Ranking(self.ids[:count], self.scores[:count])

    def only(self, keep: NDArray[np.bool_]) -> Ranking:
        """Those where ``keep`` (n,) is true, in their order."""
        return Ranking(self.ids[keep], self.scores[keep])

    def places(self) -> dict[int, int]:
        """The rank of each chunk, from 1."""
        return {chunk_id: rank for rank, chunk_id in enumerate(self.ids.tolist(), start=1)}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The candidates of one query, part by part and fused."""

    parts: Mapping[str, Ranking]
    fused: Ranking
    query: LexicalQuery | None = None  # the words that were looked for, where there were any

    def followed_by(self, deeper: Found) -> Found:
        """The candidates of a deeper look: these first, in their order, then the new ones."""
        new = deeper.fused.only(~np.isin(deeper.fused.ids, self.fused.ids))
        fused = Ranking(np.concatenate([self.fused.ids, new.ids]), np.concatenate([self.fused.scores, new.scores]))
        return replace(self, parts=deeper.parts, fused=fused)


def reciprocal_ranks(parts: Mapping[str, Ranking], weights: Mapping[str, float]) -> Ranking:
    """Reciprocal rank fusion: the sum of weight / (60 + rank) over the rankings that hold a chunk.

    Cormack, Clarke, Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual rank learning
    methods", SIGIR
    """
    ids = np.unique(np.concatenate([part.ids for part in parts.values()]))
    scores = np.zeros(len(ids))
    for name, part in parts.items():
        scores[np.searchsorted(ids, part.ids)] += weights[name] / (RRF_K + np.arange(1, len(part) + 1))
    return Ranking.of(ids, scores)
