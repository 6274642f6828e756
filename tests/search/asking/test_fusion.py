from __future__ import annotations

import math

import numpy as np
import pytest

from searchkit import Document, SearchEngine
from searchkit.search.asking.fusion import convex_combination, reciprocal_ranks
from searchkit.search.asking.ranking import Ranking
from searchkit.store import LexicalQuery, plain_query

HALVES = {"dense": 0.5, "lexical": 0.5}


def ranking(scores: dict[int, float]) -> Ranking:
    return Ranking.of(np.array(list(scores), np.int64), np.array(list(scores.values())))


def by_id(found: Ranking) -> dict[int, float]:
    return dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


def test_reciprocal_ranks_by_hand() -> None:
    found = reciprocal_ranks(
        {"dense": ranking({1: 0.9, 2: 0.8}), "lexical": ranking({3: 7, 2: 5})}, {"dense": 0.7, "lexical": 0.3}
    )
    assert found.ids.tolist() == [2, 1, 3]
    assert by_id(found) == pytest.approx({1: 0.7 / 61, 2: 0.7 / 62 + 0.3 / 62, 3: 0.3 / 61})


def test_convex_combination_by_hand() -> None:
    found = convex_combination(
        {"dense": ranking({1: 0.6, 2: 0.2}), "lexical": ranking({1: 0.25, 2: 0.9})}, {"dense": 0.8, "lexical": 0.2}
    )
    assert found.ids.tolist() == [1, 2]
    assert by_id(found) == pytest.approx({1: 0.8 * 0.6 + 0.2 * 0.25, 2: 0.8 * 0.2 + 0.2 * 0.9})


def test_equal_sums_rank_by_chunk_id() -> None:
    found = convex_combination({"dense": ranking({9: 0.5, 4: 0.5}), "lexical": ranking({9: 2, 4: 2})}, HALVES)
    assert found.ids.tolist() == [4, 9]


def test_a_part_that_says_nothing_adds_nothing() -> None:
    silent = convex_combination({"dense": ranking({1: 0.6, 2: 0.2}), "lexical": ranking({1: 0, 2: 0})}, HALVES)
    assert silent.ids.tolist() == [1, 2]
    assert silent.scores == pytest.approx([0.3, 0.1])
    nothing = ranking({})
    assert len(convex_combination({"dense": nothing, "lexical": nothing}, HALVES)) == 0


def test_more_candidates_do_not_change_the_sum_of_the_others() -> None:
    few = {"dense": ranking({1: 0.6, 2: 0.2}), "lexical": ranking({1: 0.3, 2: 0.5})}
    more = {"dense": ranking({1: 0.6, 2: 0.2, 3: 0.9}), "lexical": ranking({1: 0.3, 2: 0.5, 3: 0.8})}
    assert by_id(convex_combination(few, HALVES)).items() <= by_id(convex_combination(more, HALVES)).items()


TEXTS = {
    "apple": "apples grow on trees in the orchard",
    "pear": "pears grow on trees",
    "part": "part number XK-2071 of the orchard pump",
    "sea": "boats sail the wide blue sea",
}


def fused_by_hand(engine: SearchEngine, query: str, share: float) -> list[str]:
    """The order of all documents, from what each part alone says of them; BM25's most is 2.2 times the sum of idf."""
    cosines = {hit.doc_id: hit.score for hit in engine.search(query, mode="dense")}
    words = {}
    for hit in engine.search(query, mode="lexical", explain=True):
        assert hit.explanation is not None
        assert hit.explanation.lexical is not None
        words[hit.doc_id] = hit.explanation.lexical.score
    with engine._looking() as reader:
        asked = plain_query(query)
        assert asked is not None
        holders = [len(reader.lexical_nearest(LexicalQuery((one,)), 99)[1]) for one in asked.wanted]
    most = 2.2 * sum(max(math.log((len(TEXTS) - n + 0.5) / (n + 0.5)), 1e-6) for n in holders)
    sums = {doc_id: share * cosine + (1 - share) * words.get(doc_id, 0) / most for doc_id, cosine in cosines.items()}
    return sorted(sums, key=lambda doc_id: -sums[doc_id])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_a_hybrid_search_ranks_by_the_sum_of_both_parts(engine: SearchEngine, share: float) -> None:
    engine.add(Document(doc_id, text) for doc_id, text in TEXTS.items())
    query = "part XK-2071 for pears in the orchard"
    found = [hit.doc_id for hit in engine.search(query, dense_weight=share)]
    expected = fused_by_hand(engine, query, share)
    assert found[:3] == expected[:3]
    assert set(found) == set(expected)


def test_what_one_part_did_not_propose_has_its_true_score_there(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.add(Document(doc_id, text) for doc_id, text in TEXTS.items())
    query = "pump for trees that grow pears"

    def first() -> tuple[str, float]:
        (hit,) = engine.search(query, k=1, explain=True)
        assert hit.explanation is not None
        return hit.doc_id, hit.explanation.fused.score

    whole = first()
    monkeypatch.setattr("searchkit.search.asking.pipeline.FUSED_DEPTH", 1)
    assert engine.ask(query, k=1).candidates == {"dense": 1, "lexical": 1}
    assert first() == whole


def test_the_score_of_a_hit_stays_its_cosine(engine: SearchEngine) -> None:
    engine.add(Document(doc_id, text) for doc_id, text in TEXTS.items())
    dense = {hit.doc_id: hit.score for hit in engine.search("orchard pump", mode="dense")}
    for fusion in ("convex", "rrf"):
        assert {hit.doc_id: hit.score for hit in engine.search("orchard pump", fusion=fusion)} == dense
