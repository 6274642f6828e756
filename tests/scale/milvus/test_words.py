from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.scale.milvus.words import ChunkWords, Phrase, best, score_of, token_of, tokens_of
from searchkit.store import parse_query
from searchkit.store.lexical.bm25 import Size

TEXTS = [
    "apples grow on trees",
    "trees, trees and apples",
    "boats sail the sea",
    "max_retries in http.py",
    "日本語の文章",
]


@given(st.text(min_size=1))
def test_a_token_is_one_of_letters_and_digits(word: str) -> None:
    assert re.fullmatch("[a-z0-9]{1,64}", token_of(word))


@given(st.sets(st.text(min_size=1), min_size=2))
def test_other_words_are_other_tokens(words: set[str]) -> None:
    assert len(set(map(token_of, words))) == len(words)


@pytest.mark.parametrize("query", ["apples trees", '"apples grow"', "max_retries", "日本", "trees trees sea"])
def test_scores_are_those_of_the_index(query: str, tmp_path: Path) -> None:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.add(TEXTS)
        asked = parse_query(query)
        with engine.outgoing() as out:
            (block,) = out.blocks(100)
            size: Size = out.words()
        words = [ChunkWords(tokens_of(chunk.words)) for chunk in block]
        phrases = {Phrase.of(phrase): asked.phrases.count(phrase) for phrase in asked.phrases}
        holders = {phrase: sum(phrase.occurrences(one) > 0 for one in words) for phrase in phrases}
        scores = np.array([score_of(one, phrases, holders, size) for one in words])
        hits = engine.search(query, k=10, mode="lexical", explain=True)
    expected = {
        hit.chunk_id: hit.explanation.lexical.score for hit in hits if hit.explanation and hit.explanation.lexical
    }
    assert {chunk.row.chunk_id: score for chunk, score in zip(block, scores, strict=True) if score} == pytest.approx(
        expected
    )


def test_phrases_do_not_cross_columns() -> None:
    words = ChunkWords("one two\nthree\none two three one two")
    assert Phrase(("one", "two")).occurrences(words) == 3
    assert Phrase(("two", "three")).occurrences(words) == 1
    assert Phrase(("three", "two")).occurrences(words) == 0
    assert words.length == 8


def test_the_best_come_first_and_equal_ones_by_id() -> None:
    scores, ids = best(np.array([5, 3, 9, 1]), np.array([1.0, 2.0, 2.0, 0.5]), 3)
    assert (scores.tolist(), ids.tolist()) == ([2.0, 2.0, 1.0], [3, 9, 5])
