"""An encoder without a neural network: words hashed to directions, so that texts sharing words are close."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

if TYPE_CHECKING:
    from searchkit.types import Rows

DIMENSION = 64


@lru_cache(maxsize=4096)
def _direction(word: str) -> Rows:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


class WordEncoder:
    """Counts what it encodes; ``salt`` makes another encoder of the same dimension."""

    dimension = DIMENSION
    max_tokens = 64

    def __init__(self, salt: str = "") -> None:
        self.name = f"words{salt}"
        self.fingerprint = hashlib.sha256(salt.encode()).hexdigest()
        self.encoded: list[str] = []
        self._salt = salt
        self.tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        self.tokenizer.normalizer = normalizers.Lowercase()
        self.tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        self.encoded.extend(texts)
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Rows:
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row += _direction(self._salt)
            for piece, _ in self.tokenizer.pre_tokenizer.pre_tokenize_str(text.lower()):
                row += _direction(self._salt + piece)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
