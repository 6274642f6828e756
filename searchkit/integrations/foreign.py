"""Somebody else's embedding model as the encoder of an index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.encoder import bundled_folder
from searchkit.errors import EncoderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from searchkit.types import Rows

Embed: TypeAlias = "Callable[[list[str]], Sequence[Sequence[float]]]"
PROBE = "how long is a vector?"


class ForeignEncoder:
    """An `Encoder` whose vectors are made by two functions of another library.

    An index remembers it by ``name`` and dimension, and, as of any encoder, its vectors of some sentences, which are
    compared before anything is added. Texts are counted with the bundled tokenizer, so ``max_tokens`` is near enough
    to cut by and not exact.
    """

    def __init__(self, name: str, embed_queries: Embed, embed_passages: Embed, *, max_tokens: int = 512) -> None:
        """Use two functions.

        Args:
            name: tells this model from others; a model that changes its vectors needs another one.
            embed_queries, embed_passages: a list of N texts in, N vectors of equal length out, of any length.
            max_tokens: the longest passage that is given to the model.
        """
        self.name, self.max_tokens = name, max_tokens
        self._embed_queries, self._embed_passages = embed_queries, embed_passages

    @cached_property
    def dimension(self) -> int:
        """Columns of every row; found by embedding a few words."""
        return int(self._rows(self._embed_queries, [PROBE]).shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Hex SHA-256 of name and dimension."""
        return hashlib.sha256(f"{self.name} {self.dimension}".encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The bundled one."""
        from searchkit.encoder.tokenization import load_tokenizer

        return load_tokenizer(bundled_folder())

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows."""
        return self._encode(self._embed_queries, texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) unit rows."""
        return self._encode(self._embed_passages, texts)

    def _encode(self, embed: Embed, texts: Sequence[str]) -> Rows:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        rows = self._rows(embed, list(texts))
        if rows.shape[1] != self.dimension:
            raise EncoderError(f"{self.name} gave vectors of {rows.shape[1]} numbers; expected {self.dimension}")
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)

    def _rows(self, embed: Embed, texts: list[str]) -> Rows:
        try:
            with np.errstate(over="ignore"):  # told below
                rows = np.asarray(embed(texts), dtype=np.float32)
        except (ValueError, TypeError) as exc:
            raise EncoderError(f"{self.name} gave vectors that are no numbers, or of different lengths") from exc
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1]:
            raise EncoderError(f"{self.name} gave an array of shape {rows.shape} for {len(texts)} texts")
        if not np.isfinite(rows).all():
            raise EncoderError(f"{self.name} gave vectors with infinite numbers, or some that are none (NaN)")
        return rows


def one_by_one(embed_query: Callable[[str], Sequence[float]]) -> Embed:
    """What embeds one query at a time, for a list of them."""
    return lambda texts: [embed_query(text) for text in texts]
