"""A ranking: chunks in the order that one part of a search gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store import LexicalQuery
    from searchkit.types import Ids


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


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The candidates of one query, part by part and fused.

    Attributes:
        parts: by part, what it proposed.
        fused: all candidates.
        query: the words that were looked for, where there were any.
        cosines: of the query and each candidate, by chunk id.
        judged: the first of them as a reranker ranks them; None without one.
    """

    parts: Mapping[str, Ranking]
    fused: Ranking
    query: LexicalQuery | None = None
    cosines: Mapping[int, float] = field(default_factory=dict)
    judged: Ranking | None = None

    @property
    def order(self) -> Ids:
        """All candidates, best first: those that were judged again, then the others as fused."""
        if self.judged is None:
            return self.fused.ids
        return np.concatenate([self.judged.ids, self.fused.ids[~np.isin(self.fused.ids, self.judged.ids)]])

    @property
    def closest(self) -> float | None:
        """The highest cosine among the candidates; None without any."""
        return max(self.cosines.values(), default=None)

    def followed_by(self, deeper: Found) -> Found:
        """The candidates of a deeper look: these first, in their order, then the new ones."""
        new = deeper.fused.only(~np.isin(deeper.fused.ids, self.fused.ids))
        fused = Ranking(np.concatenate([self.fused.ids, new.ids]), np.concatenate([self.fused.scores, new.scores]))
        return replace(self, parts=deeper.parts, fused=fused, cosines={**deeper.cosines, **self.cosines})
