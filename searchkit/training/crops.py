"""Pairs out of single passages, for corpora without questions: random spans, and a sentence against the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SHORTEST_SPAN = 0.2  # share of the passage's words; shorter ones say little about the rest
LONGEST_SPAN = 0.6
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def crop_pair(passage: str, rng: np.random.Generator) -> tuple[str, str]:
    """Two spans of whole words, each 20 to 60 % of the passage, drawn independently; they may overlap.

    Izacard et al. 2022, "Unsupervised Dense Information Retrieval with Contrastive Learning",
    https://arxiv.org/abs/2112.09118
    """
    words = passage.split()
    return _span(words, rng), _span(words, rng)


def cloze_pair(passage: str, rng: np.random.Generator) -> tuple[str, str]:
    """A random sentence and the passage without it; two spans where the passage is a single sentence.

    The inverse cloze task of Lee, Chang, Toutanova 2019, https://arxiv.org/abs/1906.00300
    """
    sentences = _SENTENCE_END.split(passage)
    if len(sentences) < 2:
        return crop_pair(passage, rng)
    chosen = int(rng.integers(len(sentences)))
    return sentences[chosen], " ".join(sentences[:chosen] + sentences[chosen + 1 :])


def _span(words: list[str], rng: np.random.Generator) -> str:
    length = max(1, round(len(words) * rng.uniform(SHORTEST_SPAN, LONGEST_SPAN)))
    start = int(rng.integers(len(words) - length + 1))
    return " ".join(words[start : start + length])
