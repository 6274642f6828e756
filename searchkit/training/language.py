"""The masked-language auxiliary task: hide some tokens and predict them, so that word knowledge is not lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from searchkit.errors import TrainingError
from searchkit.training.passes import Pass

MASK_TOKENS = ("[MASK]", "<mask>")
MASKED_SHARE = 0.15
REPLACED = 0.8  # of the masked ones: the mask token
RANDOMISED = 0.1  # a random token; the rest stay as they are
IGNORED = -100


@dataclass(frozen=True, slots=True)
class MaskedPass:
    """A pass with hidden tokens.

    Attributes:
        ids, mask: (B, T) int64.
        labels: (B, T) int64, the true id where a token has to be predicted and -100 elsewhere.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor

    @property
    def count(self) -> int:
        """Tokens to predict."""
        return int((self.labels != IGNORED).sum())


class LanguageHead(nn.Module):
    """Dense, GELU, normalisation, and a decoder that shares the table of word embeddings: BERT's own shape."""

    def __init__(self, dimension: int, words: int) -> None:
        super().__init__()
        self.transform = nn.Sequential(nn.Linear(dimension, dimension), nn.GELU(), nn.LayerNorm(dimension))
        self.bias = nn.Parameter(torch.zeros(words))

    @classmethod
    def like(cls, backbone: Any) -> LanguageHead:
        """A head that fits a transformer, from random weights."""
        words, dimension = backbone.get_input_embeddings().weight.shape
        return cls(dimension, words)

    def forward(self, hidden: Tensor, table: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy summed over the masked tokens of (B, T, D) hidden states; ``table`` is (words, D)."""
        chosen = labels != IGNORED
        logits = nn.functional.linear(self.transform(hidden[chosen]), table, self.bias)
        return nn.functional.cross_entropy(logits.float(), labels[chosen], reduction="sum")


class Masker:
    """Hides 15 % of the tokens of a pass, special ones excepted: 80 % masked, 10 % random, 10 % left.

    Devlin et al. 2019, "BERT", section 3.1, https://arxiv.org/abs/1810.04805

    Raises:
        TrainingError: the tokenizer has no mask token.
    """

    def __init__(self, tokenizer: Any) -> None:
        ids = [tokenizer.token_to_id(token) for token in MASK_TOKENS]
        known = [found for found in ids if found is not None]
        if not known:
            raise TrainingError("mlm_weight is set, but the tokenizer has no mask token", hint="set mlm_weight to 0")
        self._mask_id = int(known[0])
        added = tokenizer.get_added_tokens_decoder()
        self._special = torch.tensor([number for number, token in added.items() if token.special])
        self._words = tokenizer.get_vocab_size()

    def __call__(self, each: Pass) -> MaskedPass:
        """Draws from torch's generator."""
        allowed = each.mask.bool() & ~torch.isin(each.ids, self._special)
        chosen = allowed & (torch.rand(each.ids.shape) < MASKED_SHARE)
        fate = torch.rand(each.ids.shape)
        ids = torch.where(chosen & (fate < REPLACED), self._mask_id, each.ids)
        random_ids = torch.randint(self._words, each.ids.shape)
        ids = torch.where(chosen & (fate >= REPLACED) & (fate < REPLACED + RANDOMISED), random_ids, ids)
        return MaskedPass(ids, each.mask, torch.where(chosen, each.ids, IGNORED))
