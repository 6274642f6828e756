from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_checkpoints import write_pair_graph

from searchkit import SearchEngine
from searchkit.encoder import CrossEncoder
from searchkit.errors import CheckpointError, ShapeError

TEXTS = [f"apples numbe{'r' * n} {n} grow" for n in range(10, 70)]


class Longest:
    """Prefers long passages, and remembers what it was asked."""

    name = "longest"

    def __init__(self, scores: Any = None) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self._scores = scores

    def scores(self, query: str, passages: Sequence[str]) -> Any:
        self.asked.append((query, list(passages)))
        return np.array([len(one) for one in passages], np.float32) if self._scores is None else self._scores


@pytest.fixture
def full(engine: SearchEngine) -> SearchEngine:
    engine.add([{"id": str(n), "text": text, "title": "Orchard"} for n, text in enumerate(TEXTS)])
    return engine


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_first_fifty_are_judged_again_and_the_others_follow(full: SearchEngine, mode: str) -> None:
    plain = [hit.doc_id for hit in full.search("apples grow", 60, mode=mode)]
    judged = [hit.doc_id for hit in full.search("apples grow", 60, mode=mode, rerank=Longest())]
    assert judged[:50] == sorted(plain[:50], key=lambda doc_id: -len(TEXTS[int(doc_id)]))
    assert judged[50:] == plain[50:]


def test_few_hits_come_from_fifty_candidates(full: SearchEngine) -> None:
    judge = Longest()
    (hit,) = full.search("apples grow", 1, mode="dense", rerank=judge)
    ((query, passages),) = judge.asked
    assert (query, len(passages)) == ("apples grow", 50)
    assert all(one.startswith("Orchard\napples number") for one in passages)
    assert hit.text == max((one.removeprefix("Orchard\n") for one in passages), key=len)


def test_scores_stay_cosines_and_the_explanation_has_the_judgement(full: SearchEngine) -> None:
    cosines = {hit.doc_id: hit.score for hit in full.search("apples grow", 60, mode="dense")}
    hits = full.search("apples grow", 60, rerank=Longest(), explain=True)
    assert {hit.doc_id: hit.score for hit in hits} == pytest.approx(cosines)
    explained = [hit.explanation for hit in hits if hit.explanation is not None]
    assert [one.judged.rank for one in explained[:50] if one.judged] == list(range(1, 51))
    assert explained[0].judged is not None
    assert explained[0].judged.score == len(f"Orchard\n{hits[0].text}")
    assert [one.judged for one in explained[50:]] == [None] * 10
    assert [one.fused.rank for one in explained[50:]] == list(range(51, 61))


def test_equal_judgements_rank_by_chunk_id(full: SearchEngine) -> None:
    hits = full.search("apples grow", 50, rerank=Longest(np.ones(50)))
    assert [hit.chunk_id for hit in hits] == sorted(hit.chunk_id for hit in hits)


def test_a_search_without_hits_asks_nobody(engine: SearchEngine) -> None:
    engine.add(["apples grow"])
    judge = Longest()
    assert engine.search("zeppelins", mode="lexical", rerank=judge) == []
    assert judge.asked == []


@pytest.mark.parametrize("scores", [np.ones(3), np.full(50, np.nan), np.ones((50, 1))])
def test_a_reranker_that_gives_something_else_is_told(full: SearchEngine, scores: Any) -> None:
    with pytest.raises(ShapeError, match="longest gave scores of shape"):
        full.search("apples grow", rerank=Longest(scores))


def test_a_named_cross_encoder_is_loaded_once(
    full: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    write_pair_graph(tmp_path / "judge")
    loads = []
    load = CrossEncoder.load
    monkeypatch.setattr(CrossEncoder, "load", lambda *given, **named: loads.append(given) or load(*given, **named))
    expected = [hit.doc_id for hit in full.search("apples grow", rerank=load(tmp_path / "judge"))]
    for name in (tmp_path / "judge", str(tmp_path / "judge")):
        assert [hit.doc_id for hit in full.search("apples grow", rerank=name)] == expected
    assert len(loads) == 1


def test_a_reranker_that_is_not_here_is_named(full: SearchEngine, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        full.search("apples grow", rerank=tmp_path / "nowhere")
