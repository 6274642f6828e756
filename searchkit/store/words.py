"""Text analysis of the lexical index: text -> the words that are indexed and looked up, in order."""

from __future__ import annotations

import re
import unicodedata

ANALYSIS_VERSION = 1  # of what this module does to a text; an index made by another version is filled anew

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text in order: compatibility forms, case and accents folded."""
    return _WORD.findall(_folded(text))


def indexed_words(text: str) -> str:
    """The words of a text as the lexical index takes them, separated by spaces."""
    return " ".join(words_of(text))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.encode("utf-8", "replace").decode()).casefold()
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", text))
