"""Texts -> padded passes through the model, with little padding and few shapes.

Texts are sorted by length and cut into passes of about the same number of tokens. Lengths are rounded up to one
of a few, and row counts to a multiple of eight, because a CPU prepares its matrix kernels anew for every shape
it meets: with shapes that change each step bf16 is several times slower than with a few that come again. (The
encoder's own batches are not rounded: without a gradient fp32 and int8 kernels do not mind.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.encoder.batching import tokenize
from searchkit.encoder.tokenization import without_surrogates

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

LENGTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # then multiples of the last
ROW_MULTIPLE = 8
TOKENS_PER_PASS = {"cpu": 2048, "mps": 8192, "cuda": 32768}  # on a CPU larger ones leave the cache


@dataclass(frozen=True, slots=True)
class Pass:
    """Texts that run through the model together.

    Attributes:
        ids: (B, T) int64 token ids, padded.
        mask: (B, T) int64, 1 for real tokens. Rows past ``len(rows)`` only fill up the shape.
        rows: which texts these are, ascending.
    """

    ids: Tensor
    mask: Tensor
    rows: tuple[int, ...]


def cut_passes(
    tokenizer: Tokenizer, texts: Sequence[str], *, max_tokens: int, tokens_per_pass: int, pad_id: int
) -> list[Pass]:
    """All texts, longest first.

    Args:
        tokenizer: its truncation is set here.
        texts: in the caller's order; `Pass.rows` leads back to it.
        max_tokens: longer texts are cut, the special tokens counted.
        tokens_per_pass: padded tokens in one pass; eight longer texts still make one.
        pad_id: fills the padded places.
    """
    tokenizer.enable_truncation(max_tokens)
    tokens = tokenize(tokenizer, [without_surrogates(text) for text in texts])
    order = sorted(range(len(tokens)), key=lambda row: -len(tokens[row]))
    cut = _cut(order, tokens, tokens_per_pass, max_tokens)
    return [_pad(tokens, sorted(rows), length, pad_id) for rows, length in cut]


def padded_length(length: int, most: int) -> int:
    """The length that ``length`` tokens are padded to, at most ``most``: the model may have no positions past it."""
    return min(most, next((step for step in LENGTHS if step >= length), -(-length // LENGTHS[-1]) * LENGTHS[-1]))


def _cut(
    order: Sequence[int], tokens: Sequence[Sequence[int]], tokens_per_pass: int, max_tokens: int
) -> Iterator[tuple[Sequence[int], int]]:
    start = 0
    while start < len(order):
        length = padded_length(len(tokens[order[start]]), max_tokens)
        height = max(ROW_MULTIPLE, tokens_per_pass // length // ROW_MULTIPLE * ROW_MULTIPLE)
        yield order[start : start + height], length
        start += height


def _pad(tokens: Sequence[Sequence[int]], rows: Sequence[int], length: int, pad_id: int) -> Pass:
    import torch

    height = -(-len(rows) // ROW_MULTIPLE) * ROW_MULTIPLE
    ids = np.full((height, length), pad_id, dtype=np.int64)
    mask = np.zeros((height, length), dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(tokens[row])] = tokens[row]
        mask[place, : len(tokens[row])] = 1
    mask[len(rows) :, 0] = 1  # attention over nothing is not a number
    return Pass(torch.from_numpy(ids), torch.from_numpy(mask), tuple(rows))
