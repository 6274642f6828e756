"""The stem of an English word: ``connected``, ``connecting`` and ``connection`` all have the stem ``connect``.

The English stemmer of Snowball ("Porter2") as of Snowball 2.2, without its rules for apostrophes, since words come
here without: https://snowballstem.org/algorithms/english/stemmer.html. It grew out of Porter 1980, "An algorithm for
suffix stripping", https://doi.org/10.1108/eb046814.

R1 is what follows the first vowel with a consonant after it, R2 the same within R1. Most suffixes go only where they
lie in R1 or R2, so that short words stay whole. An upper-case ``Y`` is a y that stands for a consonant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_VOWEL = re.compile("[aeiouy]")
_VOWEL_THEN_NONE = re.compile("[aeiouy][^aeiouy]")
_Y_AFTER_VOWEL = re.compile("([aeiouy])y")
_SHORT_SYLLABLE = re.compile("(?:^[aeiouy][^aeiouy]|[^aeiouy][aeiouy][^aeiouywxY])$")
_DOUBLE = re.compile("(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$")
_LONG_START = re.compile("gener|commun|arsen")  # R1 begins after them
_IRREGULAR = {
    **{"skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl", "ugly": "ugli"},
    **{"gently": "gentl", "early": "earli", "only": "onli", "singly": "singl"},
    **{word: word for word in ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")},
}
_NO_VERBS = {"inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"}
_STEP_1B = re.compile("(?:eedly|ingly|edly|eed|ing|ed)$")
_STEP_2 = {
    **{"tional": "tion", "enci": "ence", "anci": "ance", "abli": "able", "entli": "ent", "izer": "ize"},
    **{"ization": "ize", "ational": "ate", "ation": "ate", "ator": "ate", "alism": "al", "aliti": "al", "alli": "al"},
    **{"fulness": "ful", "ousli": "ous", "ousness": "ous", "iveness": "ive", "iviti": "ive", "biliti": "ble"},
    **{"bli": "ble", "fulli": "ful", "lessli": "less", "ogi": "og", "li": ""},
}
_STEP_3 = {
    **{"tional": "tion", "ational": "ate", "alize": "al", "icate": "ic", "iciti": "ic", "ical": "ic", "ful": ""},
    **{"ness": "", "ative": ""},
}
_SUFFIX_2 = re.compile(f"(?:{'|'.join(_STEP_2.keys() - {'ogi', 'li'})}|(?<=l)ogi|(?<=[cdeghkmnrt])li)$")
_SUFFIX_3 = re.compile(f"(?:{'|'.join(_STEP_3)})$")
_SUFFIX_4 = re.compile(
    "(?:al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ism|ate|iti|ous|ive|ize|(?<=[st])ion)$"
)  # a search from the left finds the longest suffix first


def english_stem(word: str) -> str:
    """The stem of a word of the letters a to z in lower case. Words of one or two letters stay as they are."""
    if len(word) <= 2 or word in _IRREGULAR:
        return _IRREGULAR.get(word, word)
    word = "Y" + word[1:] if word[0] == "y" else word
    word = _Y_AFTER_VOWEL.sub(r"\1Y", word)
    start = _LONG_START.match(word)
    r1 = start.end() if start else _region(word, 0)
    r2 = _region(word, r1)
    word = _without_plural(word)
    if word not in _NO_VERBS:
        word = _without_ending_of_verb(word, r1)
        if word[-1] in "yY" and len(word) > 2 and not _VOWEL.match(word[-2]):
            word = word[:-1] + "i"
        word = _without_suffixes(word, r1, r2)
    return word.lower()


def _region(word: str, start: int) -> int:
    found = _VOWEL_THEN_NONE.search(word, start)
    return found.end() if found else len(word)


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _VOWEL.search(word[:-2]):
        return word[:-1]
    return word


def _without_ending_of_verb(word: str, r1: int) -> str:
    ending = _STEP_1B.search(word)
    if ending is None:
        return word
    stem = word[: ending.start()]
    if ending[0].startswith("eed"):
        return stem + "ee" if ending.start() >= r1 else word
    if not _VOWEL.search(stem):
        return word
    if stem.endswith(("at", "bl", "iz")) or (len(stem) <= r1 and _SHORT_SYLLABLE.search(stem)):
        return stem + "e"
    return stem[:-1] if _DOUBLE.search(stem) else stem


def _without_suffixes(word: str, r1: int, r2: int) -> str:
    word = _replaced(word, _SUFFIX_2.search(word), _STEP_2, r1)
    suffix = _SUFFIX_3.search(word)
    word = _replaced(word, suffix, _STEP_3, r2 if suffix and suffix[0] == "ative" else r1)
    suffix = _SUFFIX_4.search(word)
    if suffix and suffix.start() >= r2:
        word = word[: suffix.start()]
    last = len(word) - 1
    if word.endswith("e") and (last >= r2 or (last >= r1 and not _SHORT_SYLLABLE.search(word[:-1]))):
        return word[:-1]
    return word[:-1] if word.endswith("ll") and last >= r2 else word


def _replaced(word: str, suffix: re.Match[str] | None, endings: Mapping[str, str], region: int) -> str:
    if suffix is None or suffix.start() < region:
        return word
    return word[: suffix.start()] + endings[suffix[0]]
