from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from searchkit.chunking import tokens
from searchkit.chunking.tokens import TokenMap, map_tokens


@pytest.fixture
def plain(tokenizer: Tokenizer) -> Tokenizer:
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def test_any_span_of_words_counts_as_when_tokenised_alone(plain: Tokenizer) -> None:
    text = "the search index, of chunks and\n\nthe 42 tokens; in café"
    found = map_tokens(text, plain)
    for start, end in ((0, len(text)), (0, 10), (4, 16), (33, 46)):
        assert found.count(start, end) == len(plain.encode(text[start:end], add_special_tokens=False).ids)


def test_windows_give_the_same_map_as_one_pass(plain: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n\n".join(f"the section {n} of the index\nis a line" for n in range(40)) + " word" * 90
    whole = map_tokens(text, plain)
    monkeypatch.setattr(tokens, "WINDOW_CHARACTERS", 100)
    windowed = map_tokens(text, plain)
    assert [windowed.count(0, at) for at in range(len(text))] == [whole.count(0, at) for at in range(len(text))]


def test_a_window_without_any_break_is_cut_all_the_same(plain: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "WINDOW_CHARACTERS", 16)
    assert map_tokens("x" * 50, plain).count(0, 50) == 50


def test_a_word_the_tokenizer_gives_up_on_still_counts(plain: Tokenizer) -> None:
    endless = "x" * 1000  # one [UNK]
    assert map_tokens(endless, plain).count(0, 1000) == 250
    assert map_tokens("a" + " " * 1000 + "a", plain).count(0, 1002) >= 250


def test_reach_is_the_farthest_span_within_the_count() -> None:
    found = TokenMap(np.array([0, 4, 4, 8, 12], np.int64))
    for start in range(14):
        for room in range(1, 6):
            end = found.reach(start, room, 14)
            assert found.count(start, end) <= room or end == start
            assert end == 14 or found.count(start, end + 1) > room


def test_reach_back_is_the_farthest_span_within_the_count() -> None:
    found = TokenMap(np.array([0, 4, 4, 8, 12], np.int64))
    for end in range(14):
        for room in range(1, 6):
            start = found.reach_back(end, room, 0)
            assert found.count(start, end) <= room
            assert start == 0 or found.count(start - 1, end) > room
