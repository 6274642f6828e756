"""Texts into padded batches of about equal work.

Equal texts are encoded once. The rest is taken in windows, so that memory is bounded by a window whatever the
number of texts; inside a window texts are sorted by length, so that hardly anything is padding, and packed by a
budget of padded tokens, so that a batch's activations stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

WINDOW_TEXTS = 2048
WINDOW_CHARACTERS = 1_000_000  # the tokenizer holds about 100 bytes a token until a text is cut


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts that go through the transformer together.

    Attributes:
        positions: (B,) which texts of the window these are.
        token_ids: (B, T) int64, padded on the right.
        attention_mask: (B, T) int64, 1 for tokens and 0 for padding.
    """

    positions: NDArray[np.int64]
    token_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]


def windows(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Half-open ranges that together cover the texts, each bounded in texts and in characters."""
    start = characters = 0
    for i, text in enumerate(texts):
        if i > start and (i - start == WINDOW_TEXTS or characters + len(text) > WINDOW_CHARACTERS):
            yield start, i
            start, characters = i, 0
        characters += len(text)
    if start < len(texts):
        yield start, len(texts)


def batches(
    tokenizer: Tokenizer, texts: Sequence[str], *, token_budget: int, pad_id: int, most_padding: int | None = None
) -> Iterator[Batch]:
    """One window's texts as batches, longest first.

    Args:
        tokenizer: cuts at the encoder's limit.
        texts: without lone surrogates.
        token_budget: padded tokens in a batch; a single longer text is a batch of its own.
        pad_id: the padding token.
        most_padding: as for `packed`.
    """
    token_ids = tokenize(tokenizer, texts)
    lengths = [len(ids) for ids in token_ids]
    for positions in packed(lengths, token_budget, most_padding):
        yield padded(positions, token_ids, lengths[positions[0]], pad_id)


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, special tokens included."""
    if len(texts) == 1:  # spares a lone query the start of the tokenizer's thread pool
        return [tokenizer.encode(texts[0]).ids]
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]


def packed(lengths: Sequence[int], token_budget: int, most_padding: int | None = None) -> Iterator[list[int]]:
    """Positions by falling length, cut where a batch padded to its longest would pass the budget.

    Args:
        lengths: in tokens.
        token_budget: as for `batches`.
        most_padding: tokens of padding in a batch, more of which cost as much as another batch; None for any number.
    """
    batch: list[int] = []
    padding = 0
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        padding += lengths[batch[0]] - lengths[position] if batch else 0
        is_full = batch and lengths[batch[0]] * (len(batch) + 1) > token_budget
        if is_full or (most_padding is not None and padding > most_padding):
            yield batch
            batch, padding = [], 0
        batch.append(position)
    if batch:
        yield batch


def padded(positions: Sequence[int], token_ids: Sequence[Sequence[int]], width: int, pad_id: int) -> Batch:
    """The texts at these positions as one batch of this width."""
    ids = np.full((len(positions), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(positions), width), dtype=np.int64)
    for row, position in enumerate(positions):
        length = len(token_ids[position])
        ids[row, :length] = token_ids[position]
        mask[row, :length] = 1
    return Batch(np.asarray(positions, dtype=np.int64), ids, mask)
