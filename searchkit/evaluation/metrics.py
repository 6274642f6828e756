"""Measures of one ranking against judged relevance.

A ranking is document ids, best first, each once; relevance maps judged ids to grades, and 1 or more is
relevant. What is not judged is not relevant. The values are those of trec_eval (and so of ir-measures) for
the same order; trec_eval itself breaks equal scores by document id, here the order given counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from searchkit.errors import InputError

Relevance: TypeAlias = Mapping[str, int]
Measure: TypeAlias = Callable[[Sequence[str], Relevance], float]


def ndcg(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """nDCG@k in 0 to 1: gain is the grade, discount log2(1 + rank), over that of the best possible ranking.

    Järvelin, Kekäläinen 2002, "Cumulated Gain-based Evaluation of IR Techniques",
    https://doi.org/10.1145/582415.582418, with the discount of Burges et al. 2005 as in trec_eval's ``ndcg_cut``.
    """
    best = _discounted(sorted(_gains(relevance.values()), reverse=True)[:k])
    return _discounted(_gains(relevance.get(doc_id, 0) for doc_id in ranking[:k])) / best if best else 0.0


def mrr(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """1 / rank of the first relevant document among the first k, 0 without one; its mean is MRR@k.

    Voorhees 1999, "The TREC-8 Question Answering Track Report", https://trec.nist.gov/pubs/trec8/papers/qa_report.pdf
    """
    ranks = (rank for rank, doc_id in enumerate(ranking[:k], start=1) if relevance.get(doc_id, 0) > 0)
    return 1 / next(ranks, math.inf)


def recall(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """Share of the relevant documents that are among the first k.

    Manning, Raghavan, Schütze 2008, "Introduction to Information Retrieval", section 8.3, https://nlp.stanford.edu/IR-book/
    """
    relevant = sum(grade > 0 for grade in relevance.values())
    found = sum(relevance.get(doc_id, 0) > 0 for doc_id in ranking[:k])
    return found / relevant if relevant else 0.0


def average_precision(ranking: Sequence[str], relevance: Relevance, k: int | None = None) -> float:
    """Mean over all relevant documents of the precision at their rank, 0 for those not found; its mean is MAP.

    Buckley, Voorhees 2005, "Retrieval System Evaluation", in "TREC: Experiment and Evaluation in Information
    Retrieval", MIT Press; section 8.4 of Manning, Raghavan, Schütze 2008.
    """
    found, total = 0, 0.0
    for rank, doc_id in enumerate(ranking[:k], start=1):
        if relevance.get(doc_id, 0) > 0:
            found += 1
            total += found / rank
    relevant = sum(grade > 0 for grade in relevance.values())
    return total / relevant if relevant else 0.0


_MEASURES: Mapping[str, Callable[..., float]] = {
    "ndcg": ndcg,
    "mrr": mrr,
    "recall": recall,
    "map": average_precision,
}
_NAME = re.compile(r"(?P<measure>[a-z]+)(?:@(?P<k>[1-9]\d*))?", re.IGNORECASE)


def measure(name: str) -> Measure:
    """The measure of that name: ``nDCG@10``, ``MRR@10``, ``recall@100``, ``MAP`` (also ``MAP@100``).

    Raises:
        InputError: there is no such measure, or its cut-off is missing.
    """
    found = _NAME.fullmatch(name)
    function = _MEASURES.get(found["measure"].lower()) if found else None
    if found is None or function is None or (found["k"] is None and function is not average_precision):
        raise InputError(f"there is no measure {name!r}", hint="for example nDCG@10, MRR@10, recall@100 or MAP")
    return partial(function, k=int(found["k"]) if found["k"] else None)


def _gains(grades: Iterable[int]) -> list[int]:
    return [max(0, grade) for grade in grades]


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
