from __future__ import annotations

import numpy as np
import pytest

from searchkit import Document, SearchEngine
from searchkit.search.fusion import convex_combination, reciprocal_ranks
from searchkit.search.ranking import Ranking

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
    """Cosines 0.6 and 0.2 above the least, -1: 1.6 of 1.6 and 1.2 of 1.6. BM25: 3 of 12, 12 of 12."""
    found = convex_combination(
        {"dense": ranking({1: 0.6, 2: 0.2}), "lexical": ranking({1: 3, 2: 12})}, {"dense": 0.8, "lexical": 0.2}
    )
    assert found.ids.tolist() == [1, 2]
    assert by_id(found) == pytest.approx({1: 0.8 + 0.2 * 0.25, 2: 0.8 * 0.75 + 0.2})


def test_equal_sums_rank_by_chunk_id() -> None:
    found = convex_combination({"dense": ranking({9: 0.5, 4: 0.5}), "lexical": ranking({9: 2, 4: 2})}, HALVES)
    assert found.ids.tolist() == [4, 9]


def test_a_part_that_says_nothing_adds_nothing() -> None:
    dense = ranking({1: 0.6, 2: 0.2})
    silent = convex_combination({"dense": dense, "lexical": ranking({1: 0, 2: 0})}, HALVES)
    assert silent.ids.tolist() == [1, 2]
    assert silent.scores == pytest.approx([0.5, 0.375])
    nothing = ranking({})
    assert len(convex_combination({"dense": nothing, "lexical": nothing}, HALVES)) == 0


def test_more_candidates_do_not_change_the_sum_of_the_others() -> None:
    few = {"dense": ranking({1: 0.6, 2: 0.2}), "lexical": ranking({1: 3, 2: 12})}
    more = {"dense": ranking({1: 0.6, 2: 0.2, 3: 0.1}), "lexical": ranking({1: 3, 2: 12, 3: 1})}
    assert by_id(convex_combination(few, HALVES)).items() <= by_id(convex_combination(more, HALVES)).items()


TEXTS = {
    "apple": "apples grow on trees in the orchard",
    "pear": "pears grow on trees",
    "part": "part number XK-2071 of the orchard pump",
    "sea": "boats sail the wide blue sea",
}


def fused_by_hand(engine: SearchEngine, query: str, share: float) -> list[str]:
    """The order of all documents, from what each part alone says of them."""
    cosines = {hit.doc_id: hit.score for hit in engine.search(query, mode="dense")}
    explained = engine.search(query, mode="lexical", explain=True)
    words = {
        hit.doc_id: hit.explanation.lexical.score for hit in explained if hit.explanation and hit.explanation.lexical
    }
    best_cosine, best_words = max(cosines.values()), max(words.values())
    sums = {
        doc_id: share * (cosine + 1) / (best_cosine + 1) + (1 - share) * words.get(doc_id, 0) / best_words
        for doc_id, cosine in cosines.items()
    }
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
    monkeypatch.setattr("searchkit.search.pipeline.FUSED_DEPTH", 1)
    assert engine.ask(query, k=1).candidates == {"dense": 1, "lexical": 1}
    assert first() == whole


def test_the_score_of_a_hit_stays_its_cosine(engine: SearchEngine) -> None:
    engine.add(Document(doc_id, text) for doc_id, text in TEXTS.items())
    dense = {hit.doc_id: hit.score for hit in engine.search("orchard pump", mode="dense")}
    for fusion in ("convex", "rrf"):
        assert {hit.doc_id: hit.score for hit in engine.search("orchard pump", fusion=fusion)} == dense


def test_the_dense_weight_suits_the_fusion_unless_told() -> None:
    from searchkit.search.question import Fusion, Question

    assert Question(fusion=Fusion.CONVEX).dense_share == 0.8
    assert Question(fusion=Fusion.RRF).dense_share == 0.5
    assert Question(dense_weight=0.0).dense_share == 0.0
