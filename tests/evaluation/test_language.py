from __future__ import annotations

import numpy as np
import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import word_order

TEXT = """The index of the corpus is kept in the folder of the project. The text of each document is cut into chunks,
and the chunks of the document are kept in the index. When the text of the document has changed, the chunks of the
document are made again, and the index of the corpus is written again. The folder of the project can be moved."""


def shuffled(texts: list[str], seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.permutation(text.split())) for text in texts]


def test_language_repeats_its_word_pairs() -> None:
    found = word_order([TEXT, TEXT.replace("index", "store")])
    assert found.is_language
    assert found.repeats > found.by_chance


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_words_are_no_language(seed: int) -> None:
    assert not word_order(shuffled([TEXT, TEXT.replace("index", "store")], seed)).is_language


def test_names_with_dots_are_one_word_each() -> None:
    texts = ["os.path.join(a.b) user-defined numpy.linalg.norm os.path.join(c.d) x.y " * 9] * 3
    assert not word_order(shuffled(texts, seed=1)).is_language


def test_words_drawn_from_a_vocabulary_are_no_language() -> None:
    rng = np.random.default_rng(1)
    words = [f"w{n}" for n in range(300)]
    share = 1 / np.arange(1, 301)
    texts = [" ".join(rng.choice(words, 80, p=share / share.sum())) for _ in range(100)]
    assert not word_order(texts).is_language


def test_scripts_without_spaces_are_read_by_character() -> None:
    assert word_order(["搜索引擎使用索引。搜索引擎使用向量。向量索引使用搜索引擎。" * 3]).words > 60


def test_a_corpus_without_neighbouring_words_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no two words"):
        word_order(["one", "two"])
