from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.errors import InputError, ShapeError
from searchkit.index import IdFilter, Neighbours, brute, build, exact_scores, merge, rescore


def unit_rows(seed: int, count: int, dimension: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def test_cosines_worked_by_hand() -> None:
    """(3, 4) has length 5: its cosines with the axes are 0.6 and 0.8, with their opposite -0.8."""
    rows = np.array([[1, 0], [0, 1], [0, -1]], np.float32)
    scores, ids = exact_scores(np.array([[3, 4]], np.float32), np.array([10, 20, 30]), rows, 4)
    np.testing.assert_array_equal(ids, [[20, 10, 30, -1]])
    np.testing.assert_allclose(scores, [[0.8, 0.6, -0.8, -np.inf]], atol=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_tail_and_index_give_the_same_bits(data: st.DataObject) -> None:
    """Where a chunk is stored must not show in its score: in the file, in the tail, or in both halves."""
    count = data.draw(st.integers(1, 120))
    rows = unit_rows(data.draw(st.integers(0, 9)), count)
    copies = data.draw(st.lists(st.integers(0, count - 1), max_size=count))
    rows[: len(copies)] = rows[copies]  # ties
    ids = np.arange(count, dtype=np.int64) * 3
    cut, k = data.draw(st.integers(0, count)), data.draw(st.integers(1, count + 2))
    query = np.random.default_rng(7).standard_normal((1, 16)).astype(np.float32)
    main = build([(ids[:cut], rows[:cut])], 16)
    whole = exact_scores(query, ids, rows, k)
    tail = exact_scores(query, ids[cut:], rows[cut:], k)
    merged = merge(main.search(query, k), tail, k=k)
    np.testing.assert_array_equal(merged.ids, whole.ids)
    np.testing.assert_array_equal(merged.scores, whole.scores)


def test_filters_and_exclusions_act_before_the_cut() -> None:
    rows, ids = unit_rows(1, 50), np.arange(50, dtype=np.int64)
    query = rows[:1].astype(np.float32)
    found = exact_scores(query, ids, rows, 5, allowed=IdFilter(ids[:10]), excluded=np.array([0, 3]))
    assert set(found.ids[0]) <= {1, 2, 4, 5, 6, 7, 8, 9}
    assert (found.ids >= 0).all()


def test_rescored_rows_equal_searched_ones_whatever_their_position() -> None:
    rows, ids = unit_rows(2, 5000, 33), np.arange(5000, dtype=np.int64)
    query = np.random.default_rng(3).standard_normal((1, 33)).astype(np.float32)
    scores, found = exact_scores(query, ids, rows, 200)
    np.testing.assert_array_equal(rescore(query[0], rows[found[0]]), scores[0])
    single = [rescore(query[0], rows[i : i + 1])[0] for i in found[0]]
    np.testing.assert_array_equal(single, scores[0])


def test_no_rows_find_nothing() -> None:
    found = exact_scores(np.ones((2, 4), np.float32), np.empty(0, np.int64), np.empty((0, 4), np.float16), 3)
    assert (found.ids == -1).all()


def test_merge_keeps_the_best_and_breaks_ties_by_id() -> None:
    left = Neighbours(np.array([[0.9, 0.5]], np.float32), np.array([[7, 8]]))
    right = Neighbours(np.array([[0.9, 0.5, -np.inf]], np.float32), np.array([[2, 9, -1]]))
    scores, ids = merge(left, right, k=3)
    np.testing.assert_array_equal(ids, [[2, 7, 8]])
    np.testing.assert_array_equal(scores, np.array([[0.9, 0.9, 0.5]], np.float32))
    np.testing.assert_array_equal(merge(left, right, k=6).ids, [[2, 7, 8, 9, -1, -1]])


def test_merge_refuses_parts_of_different_queries() -> None:
    one = Neighbours(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.int64))
    two = Neighbours(np.zeros((2, 1), np.float32), np.zeros((2, 1), np.int64))
    with pytest.raises(ShapeError, match=r"\[1, 2\]"):
        merge(one, two, k=1)
    with pytest.raises(ShapeError):
        merge(k=1)
    with pytest.raises(InputError):
        merge(one, k=0)


def test_rows_are_checked() -> None:
    with pytest.raises(ShapeError, match="2 ids came with 3 rows"):
        exact_scores(np.ones((1, 16), np.float32), np.arange(2), unit_rows(1, 3), 1)
    with pytest.raises(InputError, match="unit length"):
        exact_scores(np.ones((1, 2), np.float32), np.array([4]), np.array([[np.nan, 1]], np.float16), 1)
    with pytest.raises(ShapeError, match="rows"):
        rescore(np.ones(4, np.float32), np.ones(4, np.float32))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_blocks_of_rows_and_batches_of_queries_do_not_show(data: st.DataObject) -> None:
    """Against a sort of all cosines, with copies (ties) and blocks so small that the best come from many of them."""
    count, k = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 30))
    rows = unit_rows(data.draw(st.integers(0, 9)), count)
    copies = data.draw(st.lists(st.integers(0, count - 1), max_size=count))
    rows[: len(copies)] = rows[copies]
    ids = np.arange(count, dtype=np.int64) * 2
    queries = unit_rows(99, data.draw(st.integers(1, 7))).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brute, "_BLOCK_ROWS", data.draw(st.integers(1, 40)))
        patch.setattr(brute, "_QUERIES_AT_ONCE", data.draw(st.integers(1, 4)))
        scores, found = exact_scores(queries, ids, rows, k)
    unit = queries / np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)
    cosines = (rows.astype(np.float64)[np.newaxis] * unit.astype(np.float32)[:, np.newaxis]).sum(axis=2)
    for place, own in enumerate(cosines.astype(np.float32)):
        best = np.lexsort((ids, -own))[:k]
        np.testing.assert_array_equal(found[place, : len(best)], ids[best])
        np.testing.assert_array_equal(scores[place, : len(best)], own[best])
        assert (found[place, len(best) :] == -1).all()
