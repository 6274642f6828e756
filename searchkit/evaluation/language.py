"""Is it language? A corpus whose words could stand in any other order has nothing to teach an encoder.

An encoder trained on shuffled words gets better at finding crops of shuffled words, and every retrieval figure
made from that corpus rises. So the corpus itself is tested: language repeats its word pairs ("of the") more often
than the same words do after shuffling within each text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHUFFLES = 30
LARGEST_SAMPLE = 200_000  # words
SURE = 5.0  # standard deviations; chance alone passes one corpus in millions
# Between spaces; the parts of "os.path" stay together, for shuffling words does not part them. In scripts without
# spaces a character each.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
_EDGES = "\"'`*_.,;:!?()[]{}<>“”‘’…。！？、，"


@dataclass(frozen=True, slots=True)
class WordOrder:
    """What the order of words shows.

    Attributes:
        repeats: how many pairs of neighbouring words had occurred before in the corpus.
        by_chance: the same after shuffling, on average.
        deviations: by how many standard deviations of shuffling the two differ.
        words: looked at.
    """

    repeats: int
    by_chance: float
    deviations: float
    words: int

    @property
    def is_language(self) -> bool:
        """Whether the order is more than chance."""
        return self.deviations >= SURE


def word_order(texts: Iterable[str], *, seed: int = 0) -> WordOrder:
    """Compare the repeated word pairs of some texts with those of the same words shuffled within each text.

    Args:
        texts: passages of a corpus; the first 200,000 words are looked at.
        seed: of the shuffles.

    Raises:
        EvaluationError: there are not two words in any text.
    """
    words, owner = _numbered(texts)
    inside = owner[1:] == owner[:-1]
    if not inside.any():
        raise EvaluationError("the corpus has no two words in a row")
    repeats = _repeats(words, inside)
    rng = np.random.default_rng(seed)
    chance = [_repeats(words[np.lexsort((rng.random(len(words)), owner))], inside) for _ in range(SHUFFLES)]
    spread = max(float(np.std(chance, ddof=1)), 1.0)  # one pair more or less is never a finding
    return WordOrder(repeats, float(np.mean(chance)), (repeats - float(np.mean(chance))) / spread, len(words))


def _numbered(texts: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(W,) a number for each distinct word, and (W,) which text it stands in, ascending."""
    numbers: dict[str, int] = {}
    words: list[int] = []
    owner: list[int] = []
    for place, text in enumerate(texts):
        stripped = (word.strip(_EDGES) for word in _WORD.findall(text.casefold()))
        found = [numbers.setdefault(word, len(numbers)) for word in stripped if word]
        words += found
        owner += [place] * len(found)
        if len(words) >= LARGEST_SAMPLE:
            break
    return np.array(words, np.int64), np.array(owner, np.int64)


def _repeats(words: NDArray[np.int64], inside: NDArray[np.bool_]) -> int:
    pairs = (words[:-1] * (int(words.max()) + 1) + words[1:])[inside]
    return len(pairs) - len(np.unique(pairs))
