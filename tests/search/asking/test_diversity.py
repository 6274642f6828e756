from __future__ import annotations

import numpy as np
import pytest

from searchkit.search.asking.diversity import FOLD_COSINE, Pick, pick

Floats = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


def candidates(seed: int, count: int = 40, dimension: int = 3) -> tuple[Floats, Floats, Floats]:
    """Relevance (falling), unit rows and documents of made-up candidates; in 3 dimensions many are alike."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, dimension)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    relevance = np.sort(random.uniform(0, 1, count))[::-1]
    return relevance, rows, random.integers(0, 8, count)


def naive(
    relevance: Floats, rows: Floats, documents: Floats, k: int, *, diverse: float | None, fold: bool, quota: int
) -> list[int]:
    """The definition read aloud: of all that may still be picked, the one of the highest marginal relevance."""
    picked: list[int] = []
    wide = rows.astype(np.float64)
    while len(picked) < k:
        best: tuple[float, int] | None = None
        for at in range(len(relevance)):
            cosines = [float(wide[at] @ wide[other]) for other in picked]
            is_folded = fold and any(cosine >= FOLD_COSINE for cosine in cosines)
            is_full = quota and sum(documents[other] == documents[at] for other in picked) >= quota
            if at in picked or is_folded or is_full:
                continue
            redundancy = max(cosines, default=0.0)
            worth = -at if diverse is None else diverse * relevance[at] - (1 - diverse) * redundancy
            if best is None or worth > best[0]:
                best = (worth, at)
        if best is None:
            break
        picked.append(best[1])
    return picked


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("diverse", [None, 0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("quota", [0, 1, 2])
def test_picks_are_those_of_the_naive_definition(seed: int, diverse: float | None, fold: bool, quota: int) -> None:
    relevance, rows, documents = candidates(seed)
    for k in (1, 7, 40):
        found = pick(relevance, k, rows=rows, diverse=diverse, fold=fold, documents=documents, quota=quota)
        expected = naive(relevance, rows, documents, k, diverse=diverse, fold=fold, quota=quota)
        assert [one.position for one in found] == expected


def test_lambda_of_one_is_the_order_of_relevance() -> None:
    relevance, rows, _ = candidates(7)
    assert [one.position for one in pick(relevance, 9, rows=rows, diverse=1.0)] == list(range(9))


def test_the_formula_by_hand() -> None:
    """After 0, candidate 1 is worth 0.5 * 0.9 - 0.5 * 1.0 = -0.05 and candidate 2 is worth 0.5 * 0.5 - 0 = 0.25."""
    rows = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    found = pick(np.array([1.0, 0.9, 0.5]), 3, rows=rows, diverse=0.5)
    assert [one.position for one in found] == [0, 2, 1]


def test_equal_worth_goes_by_order() -> None:
    rows = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float32)
    found = pick(np.array([0.9, 0.5, 0.5, 0.5]), 4, rows=rows, diverse=0.5)
    assert [one.position for one in found] == [0, 1, 2, 3]


def degrees(*angles: float) -> Floats:
    turned = np.deg2rad(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_a_chain_of_small_steps_is_not_one_hit() -> None:
    """cos 15 = 0.966 folds, cos 30 = 0.866 does not: the third is like the second, which is no hit."""
    found = pick(np.array([0.9, 0.8, 0.7, 0.6]), 4, rows=degrees(0, 15, 30, 45), fold=True)
    assert found == [Pick(0, alike=(1,)), Pick(2, alike=(3,))]


def test_what_is_like_two_hits_is_folded_under_the_better() -> None:
    found = pick(np.array([0.9, 0.8, 0.7]), 3, rows=degrees(0, 30, 15), fold=True)
    assert found == [Pick(0, alike=(2,)), Pick(1)]


@pytest.mark.parametrize(("cosine", "alike"), [(FOLD_COSINE + 1e-4, (1,)), (FOLD_COSINE - 1e-4, ())])
def test_folding_begins_at_the_threshold(cosine: float, alike: tuple[int, ...]) -> None:
    rows = np.array([[1, 0], [cosine, np.sqrt(1 - cosine**2)]], dtype=np.float32)
    assert pick(np.array([0.9, 0.8]), 1, rows=rows, fold=True) == [Pick(0, alike=alike)]


def test_a_chunk_that_its_documents_quota_keeps_out_folds_nothing() -> None:
    rows, documents = degrees(0, 60, 60), np.array([1, 1, 2])
    found = pick(np.array([0.9, 0.8, 0.7]), 3, rows=rows, fold=True, documents=documents, quota=1)
    assert found == [Pick(0, others=(1,)), Pick(2)]


def test_each_candidate_is_told_once() -> None:
    relevance, rows, documents = candidates(3)
    found = pick(relevance, 40, rows=rows, fold=True, documents=documents, quota=2)
    told = [place for one in found for place in (one.position, *one.alike, *one.others)]
    assert sorted(told) == list(range(40))


def test_of_nothing_nothing_is_picked() -> None:
    assert pick(np.empty(0), 3, rows=np.empty((0, 2), np.float32), fold=True, diverse=0.5) == []
