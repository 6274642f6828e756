"""Our side of `training_speed.py`, one process: seconds of every step, as JSON.

python benchmarks/searchkit_training.py BASE TRIPLETS PRECISION STEPS BATCH MAX_TOKENS
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from common import peak_mb

from searchkit.training import Precision, Recipe, TrainingProgress, train

base, triplets, precision = sys.argv[1:4]
steps, batch, max_tokens = map(int, sys.argv[4:7])
ends: list[float] = []
losses: list[float] = []


def note(progress: TrainingProgress) -> None:
    ends.append(time.perf_counter())
    losses.append(progress.loss)


recipe = Recipe.simple(
    base,
    triplets=[Path(triplets)],
    steps=steps,
    batch_size=batch,
    learning_rate=2e-5,
    temperature=0.05,
    max_tokens=max_tokens,
    precision=Precision(precision),
    device="cpu",
    save_every=0,
    seed=42,
)
with tempfile.TemporaryDirectory() as scratch:
    train(recipe, Path(scratch) / "out", progress=note)
print(json.dumps({"ends": ends, "losses": losses, "peak_mb": peak_mb()}))
