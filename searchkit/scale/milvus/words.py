"""The words of chunks on a server: how they are written there, and BM25 made from them as `store.lexical.bm25` does.

Words are those of the lexical index here, so that both sides find the same. Each becomes a token that any tokenizer
leaves whole: letters and digits of ASCII are themselves, others their bytes in hexadecimal. The columns (title,
headings, text) stand on lines of their own, and phrases do not cross them.

The server's BM25 names the candidates; their scores are made here, from their words, the number of chunks that hold
each word, and the mean length.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from searchkit.store.lexical.bm25 import K1, B, Size

if TYPE_CHECKING:
    from searchkit.store import LexicalQuery
    from searchkit.store.lexical.query import Term
    from searchkit.types import Ids, Scores

ANALYZER = {"tokenizer": "standard"}  # no filter: the words are stemmed and folded already
_PLAIN = re.compile(r"[a-z0-9]{1,64}")
_LONGEST_TOKEN = 64


def tokens_of(words: str) -> str:
    """What is sent of the words of a chunk, a column a line."""
    return "\n".join(" ".join(map(token_of, column.split())) for column in words.split("\n"))


def token_of(word: str) -> str:
    """One word as any tokenizer leaves it whole."""
    if _PLAIN.fullmatch(word) and not word.startswith("zq"):
        return word
    coded = f"zq{word.encode().hex()}"
    return coded if len(coded) <= _LONGEST_TOKEN else f"zq{xxhash.xxh3_128_hexdigest(word.encode())}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that have to stand in a row."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, phrase: str) -> Phrase:
        """Of an FTS5 phrase; the star of an open one is passed over: a whole word is looked for."""
        return cls(tuple(map(token_of, phrase.rstrip("*").strip('"').split())))

    def occurrences(self, words: ChunkWords) -> int:
        """How often it stands in a chunk."""
        if len(self.tokens) == 1:
            return words.counts[self.tokens[0]]
        if not all(token in words.counts for token in self.tokens):
            return 0
        size = len(self.tokens)
        return sum(
            column[at : at + size] == self.tokens for column in words.columns for at in range(len(column) - size + 1)
        )


class ChunkWords:
    """The tokens of one chunk."""

    def __init__(self, text: str) -> None:
        self.columns = [tuple(column.split(" ")) if column else () for column in text.split("\n")]
        self.counts = Counter(token for column in self.columns for token in column)
        self.length = sum(map(len, self.columns))

    def holds(self, term: Term) -> bool:
        """Whether any way to write the term occurs."""
        return any(Phrase.of(phrase).occurrences(self) for phrase in term.phrases)

    def passes(self, query: LexicalQuery) -> bool:
        """Whether it has all that is required and nothing that is excluded."""
        return all(map(self.holds, query.required)) and not any(map(self.holds, query.excluded))


def score_of(words: ChunkWords, phrases: dict[Phrase, int], holders: dict[Phrase, int], size: Size) -> float:
    """BM25 of a chunk.

    Args:
        words: its words.
        phrases: how often each is counted.
        holders: how many chunks hold each.
        size: of all chunks.
    """
    score = 0.0
    for phrase, times in phrases.items():
        count = phrase.occurrences(words)
        if count:
            norm = K1 * (1 - B + B * words.length / size.mean_length)
            score += times * size.idf(holders[phrase]) * ((count * (K1 + 1)) / (count + norm))
    return score


def best(ids: Ids, scores: Scores, k: int) -> tuple[Scores, Ids]:
    """The ``k`` highest scores and their ids; equal scores rank by id."""
    order = np.lexsort((ids, -scores))[:k]
    return scores[order], ids[order]
