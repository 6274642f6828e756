from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation import (
    Query,
    Ranking,
    RetrievalSet,
    Run,
    dense_run,
    hits_searcher,
    retrieval_set,
    runs,
    search_run,
    write_trec_run,
)
from searchkit.types import Document, Hit

Encoders = Callable[..., Any]


@pytest.fixture
def pets() -> RetrievalSet:
    texts = {"d1": "a cat sleeps", "d2": "a dog barks", "d3": "a cat and a dog", "d4": "a dog barks"}
    documents = [Document(doc_id, text) for doc_id, text in texts.items()]
    return retrieval_set(
        "pets", documents, [Query("q1", "cat"), Query("q2", "dog barks")], {"q1": {"d1": 1}, "q2": {"d2": 1}}
    )


def test_a_dense_run_ranks_by_cosine_and_ties_by_corpus_order(encoder: Encoders, pets: RetrievalSet) -> None:
    run = dense_run(encoder(), pets, k=3)
    assert run.rankings["q2"].doc_ids == ("d2", "d4", "d3")
    assert run.rankings["q2"].scores[0] == run.rankings["q2"].scores[1]
    assert set(run.rankings["q1"].doc_ids[:2]) == {"d1", "d3"}


def test_blocks_do_not_change_a_run(encoder: Encoders, pets: RetrievalSet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dense_run(encoder(), pets)
    monkeypatch.setattr(runs, "BLOCK_DOCUMENTS", 1)
    assert dense_run(encoder(), pets) == whole


def test_a_query_that_is_itself_a_document_does_not_find_itself(encoder: Encoders) -> None:
    documents = [Document("1", "a cat sleeps"), Document("2", "cats sleep")]
    asked = [Query("1", "a cat sleeps"), Query("2", "a dog")]  # only the first is its document; "2" is a coincidence
    found = dense_run(encoder(), retrieval_set("arguments", documents, asked, {"1": {"2": 1}, "2": {"2": 1}}))
    assert found.rankings["1"].doc_ids == ("2",)
    assert set(found.rankings["2"].doc_ids) == {"1", "2"}


def test_a_run_needs_a_depth(encoder: Encoders, pets: RetrievalSet) -> None:
    with pytest.raises(InputError, match="k is 0"):
        dense_run(encoder(), pets, k=0)


def answers(*rankings: tuple[str, ...]) -> Callable[[Sequence[str], int], list[Ranking]]:
    def search(_: Sequence[str], k: int) -> list[Ranking]:
        return [Ranking(ranking[:k], tuple(1.0 - n / 10 for n in range(len(ranking)))[:k]) for ranking in rankings]

    return search


def test_any_engine_can_be_run(pets: RetrievalSet) -> None:
    run = search_run(answers(("d3", "d1"), ()), pets, name="lexical", k=1)
    assert run == Run("lexical", {"q1": Ranking(("d3",), (1.0,)), "q2": Ranking((), ())})


@pytest.mark.parametrize(
    ("rankings", "message"),
    [
        ([("d1", "d9"), ()], "documents that pets does not have: 'd9'"),
        ([("d1", "d1"), ()], "a document twice for query 'q1'"),
        ([("d1",)], "1 rankings for 2 queries"),
    ],
)
def test_answers_that_do_not_fit_are_refused(pets: RetrievalSet, rankings: list[tuple[str, ...]], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        search_run(answers(*rankings), pets, name="lexical")


def hit(rank: int, doc_id: str, score: float) -> Hit:
    return Hit(rank, score, rank, doc_id, None, "", (), "", "", 0, 0, 0, None, None, None, {})


def test_a_document_ranks_by_its_best_chunk() -> None:
    found = [hit(1, "d2", 0.9), hit(2, "d1", 0.8), hit(3, "d2", 0.7), hit(4, "d3", 0.6)]
    search = hits_searcher(lambda texts, k: [found[:k] for _ in texts])
    assert search(["x"], 3) == [Ranking(("d2", "d1", "d3"), (0.9, 0.8, 0.6))]
    assert search(["x"], 2)[0].doc_ids == ("d2", "d1")


def test_ids_with_space_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="white space"):
        write_trec_run(Run("r", {"q 1": Ranking(("d1",), (1.0,))}), tmp_path / "run.trec")
    assert list(tmp_path.iterdir()) == []
