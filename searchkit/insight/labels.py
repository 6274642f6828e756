"""What a topic is called: the phrases that set it apart from the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from searchkit.insight.phrases import PhraseCounts

PHRASES = 10  # kept of each topic
IN_LABEL = 3
_CONSIDERED = 200
_LEAST_AKIN, _AKIN_SHARE = 5, 2 / 3  # letters that words of one family have in common at least, and of the longer one
_RAREST = 2  # texts: what occurs once is an accident


def topic_phrases(counts: Sequence[Counter[str]], phrases: PhraseCounts) -> list[tuple[str, ...]]:
    """The most telling phrases of each topic, the best first, none of which says another's words again.

    Args:
        counts: for each topic, in how many of its texts each phrase occurs.
        phrases: what counted them.

    A phrase weighs by its share f of the topic's phrases and by how much larger that is than its share g of all:
    f ln(1 + f / g). That is class-based TF-IDF (Grootendorst 2022, "BERTopic", section 3.3,
    https://arxiv.org/abs/2203.05794) with the topic's own share in the logarithm, so that what is said everywhere names
    nothing. What many topics say, such as a form that a manual repeats on each page, weighs less by the entropy of its
    shares in them (see `_told_apart`). Longer phrases weigh log2(1 + words) times as much, as in the C-value of
    Frantzi, Ananiadou, Mima 2000,
    https://doi.org/10.1007/s007999900023.
    """
    everywhere: Counter[str] = Counter()
    for own in counts:
        everywhere.update(own)
    apart = _told_apart(counts)
    weights = ({key: value * apart[key] for key, value in _weights(own, everywhere).items()} for own in counts)
    return [_best(own, phrases) for own in weights]


def label_of(phrases: Sequence[str]) -> str:
    """A topic's name: its first phrases."""
    return ", ".join(phrases[:IN_LABEL])


def _weights(own: Counter[str], everywhere: Counter[str]) -> dict[str, float]:
    least = min(_RAREST, max(own.values(), default=0))
    total, all_ = own.total(), everywhere.total()
    return {
        key: math.log2(2 + key.count(" ")) * (count / total) * math.log1p((count / total) / (everywhere[key] / all_))
        for key, count in own.items()
        if count >= least
    }


def _told_apart(counts: Sequence[Counter[str]]) -> dict[str, float]:
    """For each phrase, how well it tells K topics apart: 1 where one alone says it, near 0 where all say it alike.

    1 - H / ln(K + 1), H the entropy of the phrase's shares in the topics. That is the global weight of log-entropy with
    topics for documents (Dumais 1991, https://doi.org/10.3758/BF03203370); the 1 leaves an order among what all say.
    """
    sums: dict[str, float] = {}
    logs: dict[str, float] = {}
    for own in counts:
        total = own.total()
        for key, count in own.items():
            share = count / total
            sums[key] = sums.get(key, 0.0) + share
            logs[key] = logs.get(key, 0.0) + share * math.log(share)
    most = math.log(len(counts) + 1)
    return {key: 1 - (math.log(whole) - logs[key] / whole) / most for key, whole in sums.items()}


def _best(weights: dict[str, float], phrases: PhraseCounts) -> tuple[str, ...]:
    ranked = sorted(weights, key=lambda key: (-weights[key], key))[:_CONSIDERED]
    chosen: list[list[str]] = []
    written = []
    for key in ranked:
        words = key.split(" ")
        if any(_says_again(words, other) for other in chosen):
            continue
        chosen.append(words)
        written.append(phrases.written(key))
        if len(chosen) == PHRASES:
            break
    return tuple(written)


def _says_again(words: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two phrases share a word that is all of one, or two words, or are pieces of one longer phrase."""
    shared = sum(any(word == own or _akin(word, own) for own in other) for word in words)
    return shared >= min(2, len(words), len(other)) or words[0] == other[-1] or words[-1] == other[0]


def _akin(word: str, other: str) -> bool:
    """Whether stems are of one family, such as those of Germany and German: they mostly begin alike."""
    same = max(_LEAST_AKIN, math.ceil(_AKIN_SHARE * max(len(word), len(other))))
    return min(len(word), len(other)) >= same and word[:same] == other[:same]
