"""What a run tells while it goes on, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from searchkit.training.sources import Source


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run stands after a step.

    Attributes:
        step, steps: done, and in all.
        loss: of this step, in nats.
        learning_rate: of this step.
        sentences_per_s: texts through the model per second of this step.
        sentences: texts of this step.
        source: the label of the source of the batch; several are joined by a plus sign.
        seconds_left: an estimate from the mean speed so far.
        dev_score, best_score: of the last and the best dev evaluation; None before the first.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    sentences_per_s: float
    sentences: int
    source: str
    seconds_left: float
    dev_score: float | None = None
    best_score: float | None = None


@dataclass(frozen=True, slots=True)
class DevScore:
    """A dev evaluation after ``step`` steps; higher is better."""

    step: int
    score: float


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a run did.

    Attributes:
        out: the checkpoint folder.
        steps: optimiser steps.
        first_loss, last_loss: means over the first and the last tenth of the steps.
        best: the dev evaluation whose weights were kept; None where there was no dev evaluation.
        scores: every dev evaluation.
        sentences: texts through the model.
        seconds: wall time, what came before a resume included.
        sources: what was read, and which rows were bad.
        is_first: whether this process speaks for all that trained together.
    """

    out: Path
    steps: int
    first_loss: float
    last_loss: float
    best: DevScore | None
    scores: tuple[DevScore, ...]
    sentences: int
    seconds: float
    sources: tuple[Source, ...]
    is_first: bool = True
