"""Not like this: a query moved away from examples, in the space of meanings and in that of words.

Rocchio 1971, "Relevance feedback in information retrieval", with the query's weight 1, no positive examples, and
`WEIGHT` for the mean of the negative ones, all of unit length::

    q' = q - WEIGHT * mean(negatives)

BM25 is linear in the query's words, so for the lexical part the same formula is one on scores: of a query of n words,
taken as a vector of ones, the length is the square root of n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchkit.search.asking.ranking import Ranking

if TYPE_CHECKING:
    from searchkit.search.backend import Reader
    from searchkit.store import LexicalQuery
    from searchkit.types import Rows

# More takes out a topic better, and costs more where the negative is itself about what is asked; of both together
# this does best on three collections: benchmarks/results/choosing.md
WEIGHT = 0.35


def away_from(queries: Rows, negatives: Rows) -> Rows:
    """The queries (Q, D) moved away from the negatives (N, D), of unit length again; all are unit rows."""
    moved: Rows = queries - WEIGHT * negatives.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)  # at least 1 - WEIGHT
    return moved


def demoted(reader: Reader, query: LexicalQuery, negatives: Sequence[str], ranking: Ranking) -> Ranking:
    """A lexical ranking by the moved query's scores; a negative without a word in it moves nothing."""
    if not negatives:
        return ranking
    from searchkit.store import plain_query

    scores = ranking.scores.copy()
    for negative in filter(None, map(plain_query, negatives)):
        share = WEIGHT / len(negatives) * math.sqrt(len(query.terms) / len(negative.terms))
        scores -= share * reader.lexical_scores(negative, ranking.ids)
    return Ranking.of(ranking.ids, scores)
