"""Two rankings of one query become one: by ranks, or by scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from searchkit.search.ranking import Ranking

RRF_K = 60  # of Cormack, Clarke, Buettcher 2009; damps the weight of the first ranks
LEAST = {"dense": -1.0, "lexical": 0.0}  # a cosine and a BM25 cannot be less


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


def convex_combination(parts: Mapping[str, Ranking], weights: Mapping[str, float]) -> Ranking:
    """The weighted sum of normalised scores: 1 is the best score of the query, 0 the least that there can be.

    So the sum depends on a chunk's own scores and on the best ones, not on how many candidates there are. A part in
    which no candidate is above its least says nothing and adds nothing.

    Args:
        parts: the same chunks, each scored by every part.
        weights: by part, 0 to 1, together 1.

    Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval" (there: TM2C2),
    https://arxiv.org/abs/2210.11934
    """
    ids = np.sort(next(iter(parts.values())).ids)
    scores = np.zeros(len(ids))
    for name, part in parts.items():
        reach = part.scores.max(initial=LEAST[name]) - LEAST[name]
        if reach > 0:
            scores[np.searchsorted(ids, part.ids)] += weights[name] * (part.scores - LEAST[name]) / reach
    return Ranking.of(ids, scores)
