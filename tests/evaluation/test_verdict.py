from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from searchkit.evaluation import Passage, RetrievalReport, Verdict, WordOrder, decide, judge, known_items
from searchkit.types import Chunk

LANGUAGE = WordOrder(100, 10.0, 50.0, 1_000)
SHUFFLED = WordOrder(100, 100.0, 0.1, 1_000)


def report(values: np.ndarray, **others: np.ndarray) -> RetrievalReport:
    measures = {"nDCG@10": values, "MRR@10": values, "recall@100": others.get("recall", values)}
    return RetrievalReport("run", "made up", tuple(f"q{n}" for n in range(len(values))), measures, 0)


def decided(
    change: float | np.ndarray, *, queries: int = 60, documents: int = 20, order: WordOrder = LANGUAGE
) -> Verdict:
    before = np.linspace(0.2, 0.6, queries)
    origins = {f"q{n}": f"doc{n % documents}" for n in range(queries)}
    return decide(report(before), report(before + change), origins, order, samples=500)


def test_a_sure_gain_is_promoted() -> None:
    found = decided(0.1)
    assert found.promoted
    assert found.low > 0
    assert found.sentence == (
        "Promoted: the new encoder finds more. nDCG@10 0.400 before, 0.500 after: +0.100"
        " (95% interval +0.100 to +0.100, 60 held-out queries)."
    )


def test_a_gain_that_may_be_chance_is_not_promoted() -> None:
    found = decided(np.random.default_rng(1).normal(0.01, 0.5, 60))
    assert not found.promoted
    assert "may be chance" in found.sentence


def test_a_loss_is_said_plainly() -> None:
    assert decided(-0.1).sentence.startswith("Not promoted: the new encoder finds less.")


def test_no_change_is_not_promoted() -> None:
    assert not decided(0.0).promoted


def test_shuffled_words_are_never_promoted() -> None:
    found = decided(0.3, order=SHUFFLED)
    assert not found.promoted
    assert "no more order than shuffled ones" in found.sentence


@pytest.mark.parametrize(("queries", "documents"), [(29, 20), (60, 4)])
def test_too_few_queries_or_documents_decide_nothing(queries: int, documents: int) -> None:
    found = decided(0.3, queries=queries, documents=documents)
    assert not found.promoted
    assert "too few" in found.sentence


def test_a_measure_that_surely_fell_stops_promotion() -> None:
    before = np.full(60, 0.5)
    after = report(before + 0.1, recall=before - 0.2)
    found = decide(report(before), after, {f"q{n}": f"doc{n}" for n in range(60)}, LANGUAGE, samples=200)
    assert not found.promoted
    assert "recall@100 fell" in found.sentence


def test_an_encoder_that_reads_beats_one_that_does_not(encoder: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    passages = []
    for doc in range(40):
        topics = [f"topic{doc}", f"theme{doc}", f"matter{doc}"]
        sentences = [
            f"The {topics[n % 3]} of the {rng.choice(topics)} is in the {rng.choice(topics)} here." for n in range(6)
        ]
        text = " ".join(sentences)
        passages.append(Passage(f"doc{doc}", f"About {topics[0]}", Chunk(text, 0, len(text), 1, 1)))
    items = known_items(passages, frozenset(f"doc{n}" for n in range(40)))
    blind = encoder(_Blind(), name="blind")
    found = judge(blind, encoder(), items, samples=300)
    assert found.promoted, found.sentence
    assert not judge(encoder(), blind, items, samples=300).promoted


class _Blind(dict[str, list[float]]):
    """A direction for any text that has nothing to do with it."""

    def __missing__(self, text: str) -> list[float]:
        self[text] = list(np.random.default_rng(len(self)).standard_normal(16))
        return self[text]
