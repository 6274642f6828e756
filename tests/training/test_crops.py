from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.training.crops import cloze_pair, crop_pair

PASSAGE = "First we dig. Then the well fills! Is it deep? Nobody knows that."
words = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=60).map(" ".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(words, st.integers(0, 1000))
def test_spans_are_unbroken_words_of_the_passage(passage: str, seed: int) -> None:
    count = len(passage.split())
    for span in crop_pair(passage, np.random.default_rng(seed)):
        assert f" {span} " in f" {passage} "
        assert max(1, round(0.2 * count) - 1) <= len(span.split()) <= max(1, round(0.6 * count) + 1)


def test_the_two_spans_differ() -> None:
    passage = " ".join(map(str, range(50)))
    pairs = [crop_pair(passage, np.random.default_rng(seed)) for seed in range(20)]
    assert sum(left == right for left, right in pairs) == 0


def test_cloze_takes_one_sentence_out() -> None:
    seen = set()
    for seed in range(30):
        sentence, rest = cloze_pair(PASSAGE, np.random.default_rng(seed))
        assert sentence in PASSAGE
        assert sentence not in rest
        assert sorted((sentence + " " + rest).split()) == sorted(PASSAGE.split())
        seen.add(sentence)
    assert seen == {"First we dig.", "Then the well fills!", "Is it deep?", "Nobody knows that."}


def test_single_sentence_is_cropped_instead() -> None:
    sentence, rest = cloze_pair("just a few words without an end", np.random.default_rng(1))
    assert sentence
    assert rest
