"""The training loop: steps, schedule, dev evaluation, the best weights, states to resume from.

Beside the output folder ``NAME`` stands ``NAME.run`` with what belongs to the run and not to the encoder:

    log.jsonl               one line a step and a dev evaluation (`journal`)
    state.safetensors       the last saved state (`state`); removed when the run is done
    best-STEP.safetensors   the weights of the best dev evaluation so far, and of the best that the state knows of

The checkpoint itself is written when the last step is done, whole or not at all (`writer`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from searchkit.errors import TrainingError
from searchkit.training.card import write_card
from searchkit.training.journal import Journal
from searchkit.training.learner import Learner
from searchkit.training.mining import with_mined_negatives
from searchkit.training.mixture import Mixture
from searchkit.training.model import averaged, copy_weights, load_start, put_weights, trained_weights
from searchkit.training.precision import settled
from searchkit.training.probe import TrainingEncoder
from searchkit.training.randomness import get_random_state, set_random_state
from searchkit.training.recipe import Recipe, recipe_facts
from searchkit.training.report import DevScore, TrainingProgress, TrainingReport
from searchkit.training.schedule import build_optimizer, learning_rate, step_count
from searchkit.training.settings import Kind
from searchkit.training.sources import Source
from searchkit.training.state import STATE, Identity, Place, load_state, save_state, write_tensors
from searchkit.training.teacher import Teacher
from searchkit.training.world import join_world
from searchkit.training.writer import write_checkpoint

Evaluate = Callable[[TrainingEncoder], float]
BEST = "best-{}.safetensors"  # one for each step: a run that goes back to its state needs the weights it knew then


class Loop:
    """One run, from the start's weights or a saved state to the checkpoint.

    Args:
        recipe: what to do.
        sources: what was read for it, in its order.
        out: the checkpoint folder; does not exist yet.
        evaluate: dev score of an encoder, or None.
        progress: called after every step, or None.
    """

    def __init__(
        self,
        recipe: Recipe,
        sources: Sequence[Source],
        out: Path,
        evaluate: Evaluate | None,
        progress: Callable[[TrainingProgress], None] | None,
    ) -> None:
        self._world = join_world(recipe.run.device)
        run = dataclasses.replace(recipe.run, precision=settled(recipe.run.precision, self._world.device))
        self._recipe, self._run, self._out = dataclasses.replace(recipe, run=run), run, out
        self._evaluate, self._progress = evaluate, progress
        torch.manual_seed(run.seed)
        self._start = load_start(run)
        self._model = self._start.model.to(self._world.device).train()
        self._encoder = TrainingEncoder(self._start, run)
        self._sources = [with_mined_negatives(source, self._encoder, seed=run.seed) for source in sources]
        self._mixture = Mixture(self._sources, batch_size=run.batch_size, seed=run.seed)
        self._teacher = self._load_teacher()
        self._learner = Learner(self._start, run, self._world, self._teacher)
        self._optimizer = build_optimizer(self._model, run)
        self._first_weights = copy_weights(self._model) if run.average_with_start else {}
        self._steps = step_count(run, self._sources)
        self._folder = run_folder(out)
        self._done, self._earlier_seconds, self._log_length = 0, 0.0, 0
        self._saved_best: DevScore | None = None  # the best dev evaluation that the saved state knows of
        torch.manual_seed(run.seed + self._world.rank)  # each process its own dropout

    def _load_teacher(self) -> Teacher | None:
        if not any(source.settings.kind is Kind.DISTIL for source in self._sources):
            return None
        teacher = Teacher(self._run, self._world.device)
        teacher.check(self._start)
        return teacher

    def resume(self) -> None:
        """Go on from the saved state, if there is one.

        Raises:
            TrainingError: the state is damaged, or belongs to another recipe or other data.
        """
        if not (self._folder / STATE).exists():
            return
        place, random_states = load_state(self._folder, self._identity(), self._model, self._optimizer)
        if len(random_states) != self._world.size:
            raise TrainingError(
                f"{self._folder / STATE} was saved by {len(random_states)} processes, not {self._world.size}",
                hint="start as many, or remove it to begin anew",
            )
        self._mixture.seek(place.position)
        if place.scaler:
            self._learner.scaler.load_state_dict(dict(place.scaler))
        self._done, self._earlier_seconds, self._log_length = place.step, place.seconds, place.log_length
        set_random_state(self._world.device, random_states[self._world.rank])

    def run(self) -> TrainingReport:
        """Take the remaining steps and write the checkpoint.

        Raises:
            TrainingError: the loss is not a number, or a source gives no batch.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._folder if self._world.is_first else None
        journal = Journal(folder, length=self._log_length, tensorboard=self._run.tensorboard)
        self._saved_best = journal.best
        began = time.perf_counter()
        try:
            for step in range(self._done + 1, self._steps + 1):
                self._take(step, journal, began)
        finally:
            journal.close()
        return self._finish(journal, self._earlier_seconds + time.perf_counter() - began)

    def _take(self, step: int, journal: Journal, began: float) -> None:
        progress = self._step(step, began)
        journal.step(progress)
        if self._is_due(step, self._run.evaluate_every, at_end=True) and self._world.is_first:
            self._score(step, journal)
        if self._is_due(step, self._run.save_every, at_end=False):
            self._save(step, journal, self._earlier_seconds + time.perf_counter() - began)
        if self._progress is not None and self._world.is_first:
            last = journal.scores[-1].score if journal.scores else None
            best = journal.best.score if journal.best else None
            self._progress(dataclasses.replace(progress, dev_score=last, best_score=best))

    def _is_due(self, step: int, every: int, *, at_end: bool) -> bool:
        return (at_end and step == self._steps) or (every > 0 and step % every == 0)

    def _step(self, step: int, began: float) -> TrainingProgress:
        started = time.perf_counter()
        rate = learning_rate(step, self._steps, self._run)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        parts = self._run.accumulate
        batches = [self._mixture.batch((step - 1) * parts + part) for part in range(parts)]
        lessons = [self._learner.learn(batch, is_last=batch is batches[-1]) for batch in batches]
        loss = sum(lesson.loss for lesson in lessons) / parts
        source = "+".join(dict.fromkeys(batch.settings.label for batch in batches))
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {step} (source {source})",
                hint="lower learning_rate, or use precision bf16 or fp32",
            )
        self._update()
        now = time.perf_counter()
        texts = sum(lesson.texts for lesson in lessons)
        left = (now - began) / (step - self._done) * (self._steps - step)
        return TrainingProgress(step, self._steps, loss, rate, texts / (now - started), texts, source, left)

    def _update(self) -> None:
        scaler = self._learner.scaler
        scaler.unscale_(self._optimizer)
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._run.clip)
        scaler.step(self._optimizer)
        scaler.update()
        self._optimizer.zero_grad(set_to_none=True)

    def _score(self, step: int, journal: Journal) -> None:
        """Evaluate what would be kept now, and keep it where it is the best so far."""
        if self._evaluate is None:
            return
        with averaged(self._model, self._first_weights, self._run.average_with_start):
            score = DevScore(step, float(self._evaluate(self._encoder)))
            if not math.isfinite(score.score):
                raise TrainingError(f"the dev evaluation gave {score.score} at step {step}, expected a number")
            journal.dev(score)
            if journal.best == score:
                write_tensors(self._folder / BEST.format(step), trained_weights(self._model))
                self._remove_weights_but(self._saved_best, score)
        self._model.train()

    def _save(self, step: int, journal: Journal, seconds: float) -> None:
        states = self._world.gather_bytes(get_random_state(self._world.device))
        if self._world.is_first:
            journal.sync()
            place = Place(step, seconds, journal.length, self._mixture.position, self._learner.scaler.state_dict())
            save_state(self._folder, self._identity(), place, self._model, self._optimizer, states)
            self._saved_best = journal.best
            self._remove_weights_but(self._saved_best)

    def _identity(self) -> Identity:
        facts = recipe_facts(self._recipe) | {"start": self._start.checkpoint.fingerprint()}
        if self._teacher is not None:
            facts["teacher"] = self._teacher.fingerprint
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
        return Identity(digest, tuple(source.sha256 for source in self._sources))

    def _finish(self, journal: Journal, seconds: float) -> TrainingReport:
        tenth = max(1, self._steps // 10)
        report = TrainingReport(
            out=self._out,
            steps=self._steps,
            first_loss=sum(journal.losses[:tenth]) / tenth,
            last_loss=sum(journal.losses[-tenth:]) / tenth,
            best=journal.best,
            scores=tuple(journal.scores),
            sentences=journal.sentences,
            seconds=seconds,
            sources=tuple(self._sources),
            is_first=self._world.is_first,
        )
        if self._world.is_first:
            self._write(journal, report)
        self._world.wait()
        return report

    def _write(self, journal: Journal, report: TrainingReport) -> None:
        if journal.best is not None:
            put_weights(self._model, load_file(self._folder / BEST.format(journal.best.step)))
        elif self._first_weights:
            with averaged(self._model, self._first_weights, self._run.average_with_start):
                kept = copy_weights(self._model)
            put_weights(self._model, kept)
        write_checkpoint(self._start, self._run, self._out, lambda folder: write_card(folder, self._recipe, report))
        (self._folder / STATE).unlink(missing_ok=True)
        self._remove_weights_but()

    def _remove_weights_but(self, *kept: DevScore | None) -> None:
        names = {BEST.format(dev.step) for dev in kept if dev is not None}
        for path in self._folder.glob(BEST.format("*")):
            if path.name not in names:
                path.unlink()


def run_folder(out: Path) -> Path:
    """Where a run keeps its log and states: beside the checkpoint folder."""
    return out.with_name(out.name + ".run")
