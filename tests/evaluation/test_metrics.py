from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import InputError
from searchkit.evaluation import (
    Query,
    Ranking,
    Run,
    average_precision,
    evaluate_run,
    measure,
    mrr,
    ndcg,
    recall,
    retrieval_set,
    write_trec_run,
)
from searchkit.types import Document


def test_ndcg_by_hand() -> None:
    # gains 0, 1, 2 at ranks 1, 2, 3: 1/log2(3) + 2/log2(4) = 0.63093 + 1; ideal 2 + 1/log2(3) = 2.63093
    assert ndcg(["x", "b", "a"], {"a": 2, "b": 1}, k=3) == pytest.approx(
        (1 / math.log2(3) + 1) / (2 + 1 / math.log2(3))
    )


def test_the_ideal_of_ndcg_ends_at_the_cut() -> None:
    assert ndcg(["a"], {"a": 1, "b": 1, "c": 1}, k=1) == 1


def test_a_negative_grade_gains_nothing() -> None:
    assert ndcg(["spam", "a"], {"spam": -2, "a": 1}, k=2) == pytest.approx(1 / math.log2(3))


def test_mrr_recall_and_average_precision_by_hand() -> None:
    ranking, relevance = ["x", "a", "y", "b"], {"a": 1, "b": 3, "c": 1, "x": 0}
    assert mrr(ranking, relevance, k=10) == 1 / 2
    assert mrr(ranking, relevance, k=1) == 0
    assert recall(ranking, relevance, k=2) == 1 / 3
    assert average_precision(ranking, relevance) == pytest.approx((1 / 2 + 2 / 4) / 3)


def test_nothing_relevant_is_zero_and_not_an_error() -> None:
    for name in ("nDCG@10", "MRR@10", "recall@10", "MAP"):
        assert measure(name)(["a"], {"a": 0}) == 0


@pytest.mark.parametrize("name", ["nDCG", "MRR@", "recall@0", "precision@5", ""])
def test_an_unknown_measure_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no measure"):
        measure(name)


def test_measures_agree_with_ir_measures(tmp_path: Path) -> None:
    import ir_measures

    rng = np.random.default_rng(5)
    doc_ids = [f"d{number}" for number in range(60)]
    qrels, rankings = {}, {}
    for number in range(25):
        judged = rng.choice(doc_ids, size=12, replace=False)
        qrels[f"q{number}"] = {str(doc_id): int(rng.integers(0, 4)) for doc_id in judged} | {"d0": 1}
        found = rng.permutation(doc_ids)[: rng.integers(1, 50)]
        scores = np.sort(rng.integers(0, 9, len(found)) / 8)[::-1]  # many ties
        rankings[f"q{number}"] = Ranking(tuple(map(str, found)), tuple(map(float, scores)))
    collection = retrieval_set("made up", [Document(d, "x") for d in doc_ids], [Query(q, "x") for q in qrels], qrels)
    report = evaluate_run(Run("r", rankings), collection, ("nDCG@10", "MRR@10", "recall@100", "recall@5", "MAP"))

    write_trec_run(Run("r", rankings), tmp_path / "run.trec")
    theirs = {"nDCG@10": "nDCG@10", "MRR@10": "RR@10", "recall@100": "R@100", "recall@5": "R@5", "MAP": "AP"}
    measures = {ours: ir_measures.parse_measure(name) for ours, name in theirs.items()}
    expected = ir_measures.calc_aggregate(
        list(measures.values()), qrels, list(ir_measures.read_trec_run(str(tmp_path / "run.trec")))
    )
    for ours, name in measures.items():
        assert report.means[ours] == pytest.approx(expected[name], abs=1e-6)


def test_an_exported_run_keeps_its_order_through_ties(tmp_path: Path) -> None:
    write_trec_run(Run("a run", {"q": Ranking(("b", "a", "c"), (0.5, 0.5, 0.5))}), tmp_path / "run.trec")
    lines = [line.split() for line in (tmp_path / "run.trec").read_text().splitlines()]
    assert [line[2] for line in lines] == ["b", "a", "c"]
    assert {line[5] for line in lines} == {"a_run"}
    assert all(np.float32(first[4]) > np.float32(second[4]) for first, second in pairwise(lines))
