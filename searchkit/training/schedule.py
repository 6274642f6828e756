"""How many steps, how large each is, and the optimiser that takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from searchkit.training.settings import RunSettings
from searchkit.training.sources import Source

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import AdamW


def step_count(run: RunSettings, sources: Sequence[Source]) -> int:
    """Optimiser steps of a run; where sources set their own batch size, by the mean of the batches drawn."""
    if run.steps is not None:
        return run.steps
    rows = sum(len(source.rows) for source in sources)
    weights = [source.settings.weight for source in sources]
    sizes = [source.settings.batch_size or run.batch_size for source in sources]
    batch = sum(weight * size for weight, size in zip(weights, sizes, strict=True)) / sum(weights)
    return max(1, math.ceil(run.epochs * rows / (batch * run.accumulate)))


def learning_rate(step: int, steps: int, run: RunSettings) -> float:
    """The rate of ``step`` (from 1): linear up over the warm-up, then linear down towards 0."""
    warm = round(run.warmup * steps)
    if step <= warm:
        return run.learning_rate * step / warm
    return run.learning_rate * (steps - step + 1) / (steps - warm)


def build_optimizer(model: nn.Module, run: RunSettings) -> AdamW:
    """AdamW over the trained weights, fused; biases and normalisation are not decayed."""
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": run.weight_decay},
        {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=run.learning_rate, fused=True)
