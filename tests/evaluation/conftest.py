"""An encoder whose vectors are known, and where the judged data are if they are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from searchkit.types import Rows

SHARED = Path(__file__).parents[3] / "shared" / "data"
DIMENSION = 128


def word_rows(texts: Sequence[str]) -> Rows:
    """Unit rows, a sum of one random direction a word: texts that share words are close."""
    rows = np.zeros((len(texts), DIMENSION))
    for row, text in zip(rows, texts, strict=True):
        for word in text.casefold().split():
            seed = int.from_bytes(hashlib.sha256(word.strip(".,?!#").encode()).digest()[:8], "little")
            row += np.random.default_rng(seed).standard_normal(DIMENSION)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class TableEncoder:
    """Looks vectors up by text, or makes them of words."""

    name = "table"
    dimension = DIMENSION
    max_tokens = 64
    fingerprint = "0"
    tokenizer = None

    def __init__(self, table: Mapping[str, Sequence[float]] | None = None, name: str = "table") -> None:
        self._table, self.name = table, name
        self.encoded: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        return self._rows(texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        self.encoded += texts
        return self._rows(texts)

    def _rows(self, texts: Sequence[str]) -> Rows:
        if self._table is None:
            return word_rows(texts)
        rows = np.array([self._table[text] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def encoder() -> Callable[..., TableEncoder]:
    return TableEncoder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of judged data."""
    if not SHARED.is_dir():
        pytest.skip("the judged data (shared/data beside the repository) are not here")
    return SHARED
