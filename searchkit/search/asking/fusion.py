"""Two rankings of one query become one: by ranks, or by scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from searchkit.search.asking.ranking import Ranking

RRF_K = 60  # of Cormack, Clarke, Buettcher 2009; damps the weight of the first ranks


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
    """The weighted sum of the scores of every part.

    Args:
        parts: the same chunks, each scored by every part as a share of the most that it can be: a cosine as it is, BM25
            divided by what no chunk reaches. So words that say little, or that no chunk has, weigh little, and the sum
            depends neither on the number of candidates nor on the best of them.
        weights: by part, 0 to 1, together 1.

    Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval",
    https://arxiv.org/abs/2210.11934, which divides by the best score of the query instead; measured side by side in
    benchmarks/results/hybrid.md
    """
    ids = np.sort(next(iter(parts.values())).ids)
    scores = np.zeros(len(ids))
    for name, part in parts.items():
        scores[np.searchsorted(ids, part.ids)] += weights[name] * part.scores
    return Ranking.of(ids, scores)
