"""Which of the candidates become hits, where the same thing is not to be shown ten times.

The candidates are walked from the best one on; each pick may close others:

    folding         a candidate whose vector is nearly the pick's is folded under it
    a quota         no more candidates of a document that has its number of hits
    diversity       the next pick is not the best one left, but the one of the highest marginal relevance

Nothing but a pick folds others, so a chain of small steps from one text to quite another is not one hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import rescore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

# Measured in benchmarks/results/choosing.md: edited copies are mostly above, other texts below; and a lambda of 0.7
# costs 5 or 6 points of nDCG@10, one of 0.6 twice as much and more.
FOLD_COSINE = 0.95
DIVERSE_LAMBDA = 0.7  # where a person names none


@dataclass(frozen=True, slots=True)
class Pick:
    """A candidate that becomes a hit; all numbers are positions among the candidates.

    Attributes:
        alike: candidates folded under it, best first.
        others: candidates of its document that its quota closed, best first.
    """

    position: int
    alike: tuple[int, ...] = ()
    others: tuple[int, ...] = ()


def pick(
    relevance: NDArray[np.float64],
    k: int,
    *,
    rows: Rows | None = None,
    diverse: float | None = None,
    fold: bool = False,
    documents: Ids | None = None,
    quota: int = 0,
) -> list[Pick]:
    """The hits among candidates that stand in order of relevance; equal worth is settled by that order.

    Args:
        relevance: (n,) cosines, falling.
        k: picks wanted.
        rows: (n, D) unit vectors of the candidates; needed by ``diverse`` and ``fold``.
        diverse: lambda of maximal marginal relevance, 0 to 1: the next pick has the highest
            ``lambda * relevance - (1 - lambda) * highest cosine with an earlier pick``. 1 is the order of relevance,
            0 looks for novelty alone.
        fold: whether a candidate with a cosine of at least `FOLD_COSINE` with a pick is folded under it.
        documents: (n,) the document of each; needed by ``quota``.
        quota: picks a document may have; 0 means any number.

    Returns:
        At most k; fewer where no candidate is left.

    Carbonell, Goldstein 1998, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
    Summaries", SIGIR
    """
    is_open = np.ones(len(relevance), dtype=np.bool_)
    redundancy = np.zeros(len(relevance))  # of nothing picked yet
    is_picked = np.zeros(len(relevance), dtype=np.bool_)
    picks: list[Pick] = []
    while len(picks) < k and is_open.any():
        at = _next(is_open, relevance, redundancy, diverse)
        is_open[at] = False
        cosines = np.empty(0) if rows is None else rescore(rows[at], rows).astype(np.float64)
        if diverse is not None:
            redundancy = np.maximum(redundancy, cosines) if picks else cosines
        alike = _close(is_open, cosines >= FOLD_COSINE) if fold else ()
        others: tuple[int, ...] = ()
        if documents is not None and quota:
            same = documents == documents[at]
            if 1 + np.count_nonzero(same & is_picked) == quota:
                others = _close(is_open, same)
            is_picked[at] = True
        picks.append(Pick(at, alike, others))
    return picks


def _next(
    is_open: NDArray[np.bool_], relevance: NDArray[np.float64], redundancy: NDArray[np.float64], diverse: float | None
) -> int:
    if diverse is None:
        return int(is_open.argmax())
    worth = diverse * relevance - (1 - diverse) * redundancy
    return int(np.where(is_open, worth, -np.inf).argmax())


def _close(is_open: NDArray[np.bool_], which: NDArray[np.bool_]) -> tuple[int, ...]:
    """Closes the open ones of those, and gives them."""
    closed = np.flatnonzero(is_open & which)
    is_open[closed] = False
    return tuple(closed.tolist())
