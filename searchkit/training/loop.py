"""The training loop: steps, schedule, dev evaluation, the best weights, the log.

Beside the output folder ``NAME`` stands ``NAME.run`` with what belongs to the run and not to the encoder:

    log.jsonl            one object a step: step, loss, lr, sentences_per_s, source; and one a dev evaluation
    best.safetensors     the weights of the best dev evaluation so far

Each is appended to or replaced whole, so that a crash leaves the last complete one.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training.recipe import Head, Precision, Recipe, RunSettings
from searchkit.training.sources import Source, read_source

if TYPE_CHECKING:
    import torch

    from searchkit.training.probe import TrainingEncoder

    Evaluate = Callable[[TrainingEncoder], float]


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run stands after a step.

    Attributes:
        step, steps: done, and in all.
        loss: of this step.
        learning_rate: of this step.
        sentences_per_s: texts through the model in the time since the last report.
        source: the label of the source of the batch; several are joined by a plus sign.
        seconds_left: an estimate from the mean speed so far.
        dev_score, best_score: of the last and the best dev evaluation; None before the first.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    sentences_per_s: float
    source: str
    seconds_left: float
    dev_score: float | None = None
    best_score: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a run did.

    Attributes:
        out: the checkpoint folder.
        steps: optimiser steps.
        first_loss, last_loss: means over the first and the last tenth of the steps.
        best_step, best_score: of the weights that were kept; the score is None without a dev evaluation.
        scores: every dev evaluation, (step, score).
        sentences: texts through the model.
        seconds: wall time.
        sources: what was read, and which rows were bad.
    """

    out: Path
    steps: int
    first_loss: float
    last_loss: float
    best_step: int
    best_score: float | None
    scores: tuple[tuple[int, float], ...]
    sentences: int
    seconds: float
    sources: tuple[Source, ...]


def train(
    recipe: Recipe,
    out: Path,
    *,
    evaluate: Evaluate | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
    resume: bool = False,
) -> TrainingReport:
    """Train an encoder and write it to ``out``.

    Args:
        recipe: start, settings and data.
        out: the checkpoint folder to write; must not exist yet.
        evaluate: dev score of an encoder, higher is better; the best weights are kept. Without it, the last.
        progress: called after every step.
        resume: go on from the last saved state of a run with the same ``out``.

    Raises:
        TrainingError: unusable data or checkpoint, an occupied ``out``, or a loss that is not a number.
        MissingExtraError: torch, transformers or pyarrow is not installed.
    """
    try:
        import torch  # noqa: F401
    except ImportError as exc:
        raise MissingExtraError("torch", "train") from exc
    from searchkit.training.checkpoint import check_free

    check_free(out)
    sources = tuple(read_source(settings, seed=recipe.run.seed) for settings in recipe.data)
    return _Trainer(recipe, sources, out, evaluate, progress).run()


class _Trainer:
    def __init__(
        self,
        recipe: Recipe,
        sources: Sequence[Source],
        out: Path,
        evaluate: Evaluate | None,
        progress: Callable[[TrainingProgress], None] | None,
    ) -> None:
        import torch

        from searchkit.training.mixture import Mixture
        from searchkit.training.model import load_start, tokenizer_of, trained_weights
        from searchkit.training.probe import TrainingEncoder

        self.recipe, self.settings, self.sources, self.out = recipe, recipe.run, tuple(sources), out
        self.evaluate, self.progress = evaluate, progress
        torch.manual_seed(self.settings.seed)
        self.device = choose_device(self.settings.device)
        model, self.loaded_tokenizer = load_start(self.settings)
        self.model = model.to(self.device)
        self.tokenizer = tokenizer_of(self.loaded_tokenizer)
        self.mixture = Mixture(sources, batch_size=self.settings.batch_size, seed=self.settings.seed)
        self.steps = step_count(self.settings, sources)
        self.optimizer = build_optimizer(self.model, self.settings)
        share = self.settings.average_with_start
        self.start = {n: w.detach().clone() for n, w in trained_weights(model).items()} if share else {}
        self.encoder = TrainingEncoder(
            self.model,
            self.tokenizer,
            max_tokens=self.settings.max_tokens,
            tokens_per_pass=self.settings.tokens_per_pass,
        )
        self.folder = out.with_name(out.name + ".run")
        self.losses: list[float] = []
        self.scores: list[tuple[int, float]] = []
        self.sentences = 0

    def run(self) -> TrainingReport:
        self.folder.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        self.model.train()
        with (self.folder / "log.jsonl").open("w", encoding="utf-8") as log:
            for step in range(1, self.steps + 1):
                report = self._step(step, began)
                self._evaluate_at(step, log)
                self._tell(report, log)
        self._restore_best()
        seconds = time.perf_counter() - began
        self._write()
        return self._report(seconds)

    def _step(self, step: int, began: float) -> TrainingProgress:
        import torch

        started = time.perf_counter()
        rate = learning_rate(step, self.steps, self.settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        labels, losses, texts = [], [], 0
        for part in range(self.settings.accumulate):
            batch = self.mixture.batch((step - 1) * self.settings.accumulate + part)
            loss, count = self._backward(batch)
            labels.append(batch.settings.label)
            losses.append(loss)
            texts += count
        mean = sum(losses) / len(losses)
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss is {mean} at step {step} (source {'+'.join(labels)})",
                hint="lower learning_rate, or use precision bf16 or fp32",
            )
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.losses.append(mean)
        self.sentences += texts
        now = time.perf_counter()
        left = (now - began) / step * (self.steps - step)
        source = "+".join(dict.fromkeys(labels))
        return TrainingProgress(step, self.steps, mean, rate, texts / (now - started), source, left)

    def _backward(self, batch: Any) -> tuple[float, int]:
        from searchkit.training.contrast import batch_loss, texts_of
        from searchkit.training.probe import autocast

        texts = texts_of(batch, self.settings)
        passes = self.tokenizer.passes(
            texts,
            max_tokens=batch.settings.max_tokens or self.settings.max_tokens,
            tokens_per_pass=self.settings.tokens_per_pass,
        )
        with autocast(self.device, self.settings.precision):
            embeddings = self.model(passes)
        loss = batch_loss(batch, embeddings, self.settings)
        (loss / self.settings.accumulate).backward()  # type: ignore[no-untyped-call]
        return float(loss.detach()), len(texts)

    def _evaluate_at(self, step: int, log: Any) -> None:
        every = self.settings.evaluate_every
        if self.evaluate is None or not (step == self.steps or (every and step % every == 0)):
            return
        from safetensors.torch import save_file

        from searchkit.training.model import averaged_with, trained_weights

        with averaged_with(self.model, self.start, self.settings.average_with_start):
            score = self._score()
            if not self.scores or score > max(best for _, best in self.scores):
                partial = self.folder / "best.partial"
                save_file({n: w.detach().cpu() for n, w in trained_weights(self.model).items()}, partial)
                partial.replace(self.folder / "best.safetensors")
        self.scores.append((step, score))
        log.write(json.dumps({"step": step, "dev_score": score}) + "\n")

    def _score(self) -> float:
        assert self.evaluate is not None
        in_use, self.model.head_in_use = self.model.head_in_use, self.settings.head is Head.KEPT
        self.model.eval()
        try:
            return self.evaluate(self.encoder)
        finally:
            self.model.train()
            self.model.head_in_use = in_use

    def _tell(self, report: TrainingProgress, log: Any) -> None:
        import dataclasses

        line = {
            "step": report.step,
            "loss": round(report.loss, 6),
            "lr": report.learning_rate,
            "sentences_per_s": round(report.sentences_per_s, 1),
            "source": report.source,
        }
        log.write(json.dumps(line) + "\n")
        log.flush()
        if self.progress is not None:
            if self.scores:
                last, best = self.scores[-1][1], max(score for _, score in self.scores)
                report = dataclasses.replace(report, dev_score=last, best_score=best)
            self.progress(report)

    def _restore_best(self) -> None:
        """Put the weights that are kept into the model: the best ones, or the last averaged with the start."""
        import torch
        from safetensors.torch import load_file

        from searchkit.training.model import trained_weights

        weights = trained_weights(self.model)
        with torch.no_grad():
            if self.scores:
                for name, best in load_file(self.folder / "best.safetensors").items():
                    weights[name].copy_(best)
                return
            for name, first in self.start.items():
                weights[name].lerp_(first, self.settings.average_with_start)

    def _write(self) -> None:
        from searchkit.training.checkpoint import write_checkpoint

        log = (self.folder / "log.jsonl").read_text(encoding="utf-8")
        write_checkpoint(self.model, self.loaded_tokenizer, self.settings, self.out, texts={"training_log.jsonl": log})

    def _report(self, seconds: float) -> TrainingReport:
        tenth = max(1, len(self.losses) // 10)
        best = max(self.scores, key=lambda pair: pair[1]) if self.scores else (self.steps, None)
        return TrainingReport(
            out=self.out,
            steps=self.steps,
            first_loss=sum(self.losses[:tenth]) / tenth,
            last_loss=sum(self.losses[-tenth:]) / tenth,
            best_step=best[0],
            best_score=best[1],
            scores=tuple(self.scores),
            sentences=self.sentences,
            seconds=seconds,
            sources=self.sources,
        )


def learning_rate(step: int, steps: int, run: RunSettings) -> float:
    """The rate of ``step`` (from 1): linear up over the warm-up, then linear down, 0 after the last step."""
    warm = round(run.warmup * steps)
    if step <= warm:
        return run.learning_rate * step / warm
    return run.learning_rate * (steps - step + 1) / max(1, steps - warm)


def step_count(run: RunSettings, sources: Sequence[Source]) -> int:
    """Optimiser steps of a run."""
    if run.steps is not None:
        return run.steps
    rows = sum(len(source.rows) for source in sources)
    return max(1, math.ceil(run.epochs * rows / (run.batch_size * run.accumulate)))


def choose_device(name: str) -> torch.device:
    """``auto`` is the GPU where there is one."""
    import torch

    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def build_optimizer(model: torch.nn.Module, run: RunSettings) -> torch.optim.Optimizer:
    """AdamW over the trained weights; biases and normalisation are not decayed."""
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": run.weight_decay},
        {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=run.learning_rate, fused=True)
