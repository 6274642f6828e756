"""Semantic textual similarity: does the cosine rank pairs of sentences as people do?

A set is a file with the columns sentence1, sentence2, score and, where there are several, subset and split
(parquet, TSV, CSV, JSONL), or a folder as SentEval lays it out (`senteval`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError
from searchkit.evaluation.correlation import spearman
from searchkit.evaluation.records import number, read_records, require_columns, text
from searchkit.evaluation.senteval import read_senteval
from searchkit.evaluation.sts_set import ScoredPair, StsSet, distinct_sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder


@dataclass(frozen=True, eq=False, slots=True)
class StsReport:
    """How an encoder did on one set; correlations are Spearman's, -1 to 1.

    Attributes:
        spearman_all: over all pairs together, the aggregation of the SimCSE paper ("all").
        spearman_wmean: mean of the subsets' own correlations, weighted by their pairs ("wmean").
        subsets: the correlation in each subset.
        cosines: (N,) float64, of the pairs in order.
        gold: (N,) float64, the scores given by people.
    """

    name: str
    spearman_all: float
    spearman_wmean: float
    subsets: Mapping[str, float]
    cosines: NDArray[np.float64]
    gold: NDArray[np.float64]


def evaluate_sts(encoder: Encoder, task: StsSet) -> StsReport:
    """Compare the cosines of an encoder with the scores, without any training on the scores.

    Both sides are encoded as queries: the relation is symmetric, and each sentence is encoded once.

    Raises:
        EvaluationError: a subset has fewer than two pairs.

    Agirre et al. 2012 to 2016, "SemEval Semantic Textual Similarity"; the aggregations are compared in Gao, Yao,
    Chen 2021, "SimCSE", appendix B, https://arxiv.org/abs/2104.08821
    """
    members: dict[str, list[int]] = {}
    for place, pair in enumerate(task.pairs):
        members.setdefault(pair.subset, []).append(place)
    lonely = [subset for subset, places in members.items() if len(places) < 2]
    if lonely or not members:
        raise EvaluationError(f"{task.name}: subset {(lonely or [''])[0]!r} has fewer than two pairs")
    cosines = pair_cosines(encoder, task)
    gold = np.array([pair.score for pair in task.pairs])
    subsets = {subset: spearman(cosines[places], gold[places]) for subset, places in members.items()}
    wmean = sum(len(places) * subsets[subset] for subset, places in members.items()) / len(gold)
    return StsReport(task.name, spearman(cosines, gold), wmean, subsets, cosines, gold)


def pair_cosines(encoder: Encoder, task: StsSet) -> NDArray[np.float64]:
    """(N,) cosine of the two sentences of each pair."""
    places = {sentence: place for place, sentence in enumerate(distinct_sentences(task))}
    rows = encoder.encode_queries(list(places)).astype(np.float64)
    first = rows[[places[pair.sentence1] for pair in task.pairs]]
    second = rows[[places[pair.sentence2] for pair in task.pairs]]
    cosines: NDArray[np.float64] = np.einsum("nd,nd->n", first, second)
    return cosines


def read_sts(path: Path, *, split: str = "test") -> StsSet:
    """Read a set from a file, or from a folder of SentEval.

    Args:
        path: its name without suffix becomes the name of the set.
        split: rows of this split alone, where the file has a column ``split``.

    Raises:
        EvaluationError: missing columns or sentences, a score that is no number, or no pair of that split.
        MissingExtraError: parquet without pyarrow.
    """
    if path.is_dir():
        return read_senteval(path, split=split)
    records = read_records(path)
    require_columns(path, records, ("sentence1", "sentence2", "score"))
    splits = dict.fromkeys(str(row["split"]) for row in records if "split" in row)
    chosen = [row for row in records if str(row.get("split", split)) == split]
    if not chosen:
        raise EvaluationError(f"{path} has no split {split!r}", hint=f"it has {', '.join(splits)}")
    pairs = tuple(
        ScoredPair(
            text(path, row, "sentence1"),
            text(path, row, "sentence2"),
            number(path, row, "score"),
            str(row.get("subset") or ""),
        )
        for row in chosen
    )
    return StsSet(path.stem, pairs)
