"""Options whose value may be left out, which Typer does not know: ``--diverse`` alone is ``--diverse 0.7``."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The value that stands for none, and what a word has to look like to be a value.
_OPTIONAL = {
    "--diverse": ("0.7", re.compile(r"[01]|[0-9]*\.[0-9]+")),
    "--wait": ("inf", re.compile(r"[0-9]+|[0-9]*\.[0-9]+")),
    "--trec": ("searchkit", re.compile(r"[^-].*", re.DOTALL)),
}


def with_values(words: Sequence[str]) -> list[str]:
    """The words of a command with every left-out value filled in; what follows ``--`` is no option."""
    filled: list[str] = []
    end = words.index("--") if "--" in words else len(words)
    for place, word in enumerate(words):
        filled.append(word)
        if word in _OPTIONAL and place < end:
            value, looks = _OPTIONAL[word]
            if place + 1 == len(words) or not looks.fullmatch(words[place + 1]):
                filled.append(value)
    return filled
