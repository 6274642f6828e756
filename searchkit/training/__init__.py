"""SimCSE: a start, a mixture of texts and a recipe -> a better encoder.

`load_recipe` reads what to do, `train` does it. The loss functions stand on their own. Importing this room
brings no torch.
"""

from __future__ import annotations

from searchkit.encoder.pooling import Pooling
from searchkit.training.card import CardTable, update_card
from searchkit.training.mining import mine_hard_negatives
from searchkit.training.objective import cosent, distillation, info_nce, matryoshka, triplet_loss
from searchkit.training.recipe import Recipe, load_recipe
from searchkit.training.report import DevScore, TrainingProgress, TrainingReport
from searchkit.training.run import train
from searchkit.training.settings import DataSettings, Head, Kind, Loss, MiningSettings, Precision, RunSettings
from searchkit.training.sources import BadRow, Row, Source, read_source

__all__ = [
    "BadRow",
    "CardTable",
    "DataSettings",
    "DevScore",
    "Head",
    "Kind",
    "Loss",
    "MiningSettings",
    "Pooling",
    "Precision",
    "Recipe",
    "Row",
    "RunSettings",
    "Source",
    "TrainingProgress",
    "TrainingReport",
    "cosent",
    "distillation",
    "info_nce",
    "load_recipe",
    "matryoshka",
    "mine_hard_negatives",
    "read_source",
    "train",
    "triplet_loss",
    "update_card",
]
