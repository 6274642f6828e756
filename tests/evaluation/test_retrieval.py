from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import (
    Query,
    Ranking,
    RetrievalSet,
    Run,
    compare,
    evaluate_encoder,
    evaluate_run,
    retrieval_set,
)
from searchkit.types import Document

RUN = Run("good", {"q1": Ranking(("d1", "d2"), (0.9, 0.1)), "q2": Ranking((), ())})


@pytest.fixture
def pets() -> RetrievalSet:
    documents = [Document("d1", "cat"), Document("d2", "dog")]
    qrels = {"q1": {"d1": 1}, "q2": {"d2": 1}}
    return retrieval_set("pets", documents, [Query("q1", "cat"), Query("q2", "dog")], qrels)


def test_a_query_without_hits_counts_as_zero(pets: RetrievalSet) -> None:
    report = evaluate_run(RUN, pets)
    assert report.values["nDCG@10"].tolist() == [1, 0]
    assert report.means == {"nDCG@10": 0.5, "MRR@10": 0.5, "recall@100": 0.5, "MAP": 0.5}


def test_a_query_that_the_run_lacks_is_an_error(pets: RetrievalSet) -> None:
    with pytest.raises(EvaluationError, match="lacks 1 queries of pets: 'q2'"):
        evaluate_run(Run("torn", {"q1": RUN.rankings["q1"]}), pets)


def test_an_encoder_is_measured_by_its_dense_run(encoder: Callable[..., Any], pets: RetrievalSet) -> None:
    assert evaluate_encoder(encoder(), pets).means["MRR@10"] == 1


def test_two_runs_are_compared_query_by_query(encoder: Callable[..., Any], pets: RetrievalSet) -> None:
    found = compare(evaluate_run(RUN, pets), evaluate_encoder(encoder(), pets), samples=100)
    assert (found.before, found.after, found.difference, found.queries) == (0.5, 1, 0.5, 2)


def test_reports_of_other_queries_or_measures_do_not_compare(pets: RetrievalSet) -> None:
    report = evaluate_run(RUN, pets)
    fewer = retrieval_set("pets", pets.documents, pets.queries[:1], {"q1": {"d1": 1}})
    with pytest.raises(EvaluationError, match="2 queries"):
        compare(report, evaluate_run(RUN, fewer))
    with pytest.raises(EvaluationError, match="nDCG@3 was not measured"):
        compare(report, report, "nDCG@3")
