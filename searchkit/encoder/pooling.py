"""How the vectors of a text's tokens become one vector.

The five poolers of SimCSE under its names, and ``max`` for the checkpoints of sentence-transformers that use it.
``cls`` is ``cls_before_pooler`` followed by the head (dense + tanh) that a checkpoint keeps beside its layers.

Gao, Yao, Chen 2021, "SimCSE", https://arxiv.org/abs/2104.08821, and ``Pooler`` of its reference code.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Pooling(Enum):
    """Which token vectors are used, and how they are combined."""

    CLS = "cls"
    CLS_BEFORE_POOLER = "cls_before_pooler"
    AVG = "avg"
    AVG_TOP2 = "avg_top2"
    AVG_FIRST_LAST = "avg_first_last"
    MAX = "max"

    @property
    def needs_all_layers(self) -> bool:
        """Whether the last layer alone is not enough."""
        return self in (Pooling.AVG_TOP2, Pooling.AVG_FIRST_LAST)


class Activation(Enum):
    """What follows a dense head."""

    IDENTITY = "identity"
    TANH = "tanh"


def pool(hidden_states: Sequence[Tensor], attention_mask: Tensor, pooling: Pooling) -> Tensor:
    """One vector a text, before any head and not normalised.

    Args:
        hidden_states: (B, T, D) each: the embedding layer's output first, the last layer's last. Only the last
            one is needed unless ``pooling.needs_all_layers``.
        attention_mask: (B, T), 1 for tokens and 0 for padding.
        pooling: `Pooling.CLS` gives the same as `Pooling.CLS_BEFORE_POOLER`: its head is applied by the caller.

    Returns:
        (B, D) in the dtype of the hidden states.
    """
    last = hidden_states[-1]
    if pooling in (Pooling.CLS, Pooling.CLS_BEFORE_POOLER):
        return last[:, 0]
    if pooling is Pooling.MAX:
        return last.masked_fill(attention_mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)
    if pooling is Pooling.AVG_TOP2:
        last = (hidden_states[-2] + last) / 2
    elif pooling is Pooling.AVG_FIRST_LAST:
        last = (hidden_states[0] + last) / 2
    weights = attention_mask.unsqueeze(-1).to(last.dtype)  # (B, T, 1)
    return (last * weights).sum(dim=1) / weights.sum(dim=1)
