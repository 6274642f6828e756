"""The peer of `training_speed.py`, one process: sentence-transformers' trainer with MultipleNegativesRankingLoss.

python benchmarks/st_training.py BASE TRIPLETS PRECISION STEPS BATCH MAX_TOKENS
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from common import peak_mb
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.losses import MultipleNegativesRankingLoss
from transformers import TrainerCallback

base, triplets, precision = sys.argv[1:4]
steps, batch, max_tokens = map(int, sys.argv[4:7])
ends: list[float] = []


class Note(TrainerCallback):
    def on_step_end(self, *_: object, **__: object) -> None:
        ends.append(time.perf_counter())


model = SentenceTransformer(base, device="cpu")
model.max_seq_length = max_tokens
rows = [json.loads(line) for line in Path(triplets).read_text(encoding="utf-8").splitlines()]
with tempfile.TemporaryDirectory() as scratch:
    settings = SentenceTransformerTrainingArguments(
        output_dir=scratch,
        max_steps=steps,
        per_device_train_batch_size=batch,
        learning_rate=2e-5,
        bf16=precision == "bf16",
        use_cpu=True,
        seed=42,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=settings,
        train_dataset=Dataset.from_list(rows),
        loss=MultipleNegativesRankingLoss(model),  # scale 20: temperature 0.05
        callbacks=[Note()],
    )
    trainer.train()
losses = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
print(json.dumps({"ends": ends, "losses": losses, "peak_mb": peak_mb()}))
