"""Text -> the phrases that may name a topic: one to three words in a row, none of them a function word."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from searchkit.insight.function_words import NO_TOPIC, NO_TOPIC_ALONE
from searchkit.store.lexical.stemming import english_stem

LONGEST = 3  # words a phrase
_LONGEST_WORD = 40  # characters; more is data
# Chinese, Japanese, Thai, Lao, Burmese, Khmer: no spaces between words, so pairs of characters stand for them
_UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_LETTER = rf"(?:(?!{_UNSPACED})[^\W_])"
_WORD = re.compile(rf"(?P<run>{_UNSPACED}+)|(?P<word>{_LETTER}+)(?:['’]s(?![^\W_]))?")
_JOINT = (" ", "-", "_", "\n")
_LATIN = re.compile("[a-z]+")
_TELLING_SHARE = 0.2  # of its occurrences: a word that often is not capitalised is written small


class PhraseCounts:
    """In how many texts each phrase occurs, whatever its inflection, and how it is mostly written."""

    def __init__(self) -> None:
        self._written: dict[str, Counter[str]] = {}

    def count(self, texts: Iterable[str]) -> Counter[str]:
        """Phrases by key; a phrase counts once a text."""
        counts: Counter[str] = Counter()
        for text in texts:
            found = dict(phrases_in(text))
            counts.update(found.keys())
            for key, written in found.items():
                self._written.setdefault(key, Counter())[written] += 1
        return counts

    def written(self, key: str) -> str:
        """The form that a phrase mostly has; small letters where they are not rare."""
        forms = self._written[key]
        small: Counter[str] = Counter()
        for form, count in forms.items():
            if form == form.lower():
                small[form] = count
        chosen: Mapping[str, int] = small if small.total() >= _TELLING_SHARE * forms.total() else forms
        return min(chosen, key=lambda form: (-chosen[form], form))


def phrases_in(text: str) -> Iterator[tuple[str, str]]:
    """(key, as written) of each phrase; words of one phrase have one key in all inflections."""
    for run in _runs(text):
        for first in range(len(run)):
            for last in range(first + 1, min(first + LONGEST, len(run)) + 1):
                words = run[first:last]
                if len(words) == 1 and words[0][1].lower() in NO_TOPIC_ALONE:
                    continue
                yield " ".join(key for key, _ in words), " ".join(written for _, written in words)


def key_of(phrase: str) -> str:
    """The key that all inflections of a phrase share."""
    return " ".join(_key(word.lower()) for word in phrase.split(" "))


def _runs(text: str) -> Iterator[list[tuple[str, str]]]:
    """Words that follow each other with nothing but a space, a hyphen or an underscore between, as (key, written)."""
    run: list[tuple[str, str]] = []
    end = -1
    for found in _WORD.finditer(text):
        word = found["run"] or found["word"]
        if run and text[end : found.start()] not in _JOINT:
            yield run
            run = []
        end = found.end()
        if found["run"]:
            yield run
            yield from ([(pair, pair)] for pair in map("".join, itertools.pairwise(word)))
            run = []
        elif _names_something(word):
            run.append((_key(word.lower()), word))
        else:
            yield run
            run = []
    yield run


def _names_something(word: str) -> bool:
    return 1 < len(word) <= _LONGEST_WORD and not word[0].isdecimal() and word.lower().replace("’", "'") not in NO_TOPIC


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> str:
    return english_stem(word) if _LATIN.fullmatch(word) else word
