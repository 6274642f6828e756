from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.encoder.batching import WINDOW_CHARACTERS, WINDOW_TEXTS, packed, padded, windows

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


@given(LENGTHS, st.integers(1, 2000))
def test_every_text_is_in_one_batch_and_no_batch_passes_the_budget(lengths: list[int], budget: int) -> None:
    found = list(packed(lengths, budget))
    assert sorted(position for batch in found for position in batch) == list(range(len(lengths)))
    for batch in found:
        widest = max(lengths[position] for position in batch)
        assert lengths[batch[0]] == widest
        assert len(batch) == 1 or widest * len(batch) <= budget


def test_texts_of_like_length_share_a_batch() -> None:
    assert list(packed([5, 90, 6, 100, 5], 200)) == [[3, 1], [2, 0, 4]]


@given(LENGTHS, st.integers(1, 2000), st.integers(0, 50))
def test_no_batch_has_more_padding_than_is_wanted(lengths: list[int], budget: int, most: int) -> None:
    found = list(packed(lengths, budget, most))
    assert sorted(position for batch in found for position in batch) == list(range(len(lengths)))
    for batch in found:
        assert sum(lengths[batch[0]] - lengths[position] for position in batch) <= most


def test_a_batch_is_cut_where_padding_would_cost_as_much() -> None:
    assert list(packed([16, 14, 13, 12, 11, 11, 10, 10], 1024, 10)) == [[0, 1, 2, 3], [4, 5, 6, 7]]


@given(st.integers(0, 3 * WINDOW_TEXTS))
def test_windows_cover_the_texts_in_order(count: int) -> None:
    found = list(windows(["x"] * count))
    assert [start for start, _ in found] == list(range(0, count, WINDOW_TEXTS))
    assert sum(end - start for start, end in found) == count


def test_a_window_is_bounded_in_characters() -> None:
    long = "x" * (WINDOW_CHARACTERS // 2)
    assert list(windows([long, long, "y", long + long + long, "z"])) == [(0, 2), (2, 3), (3, 4), (4, 5)]


def test_padding_is_masked() -> None:
    batch = padded([1, 0], [[7, 8], [4, 5, 6]], 3, pad_id=9)
    assert batch.positions.tolist() == [1, 0]
    assert batch.token_ids.tolist() == [[4, 5, 6], [7, 8, 9]]
    assert batch.attention_mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch.token_ids.dtype == batch.attention_mask.dtype == np.int64
