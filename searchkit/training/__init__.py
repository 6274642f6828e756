"""SimCSE: a start, a mixture of texts and a recipe -> a better encoder.

`load_recipe` reads what to do, `train` does it. The loss functions stand on their own.
"""

from __future__ import annotations

from searchkit.training.loop import TrainingProgress, TrainingReport, train
from searchkit.training.objective import cosent, info_nce, matryoshka, triplet_loss
from searchkit.training.recipe import (
    DataSettings,
    Head,
    Kind,
    Loss,
    Pooling,
    Precision,
    Recipe,
    RunSettings,
    load_recipe,
)

__all__ = [
    "DataSettings",
    "Head",
    "Kind",
    "Loss",
    "Pooling",
    "Precision",
    "Recipe",
    "RunSettings",
    "TrainingProgress",
    "TrainingReport",
    "cosent",
    "info_nce",
    "load_recipe",
    "matryoshka",
    "train",
    "triplet_loss",
]
