"""`train`: the door to this room. Importing it brings no torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training.recipe import Recipe
from searchkit.training.report import TrainingProgress, TrainingReport
from searchkit.training.sources import read_source

if TYPE_CHECKING:
    from searchkit.training.probe import TrainingEncoder


def train(
    recipe: Recipe,
    out: Path,
    *,
    evaluate: Callable[[TrainingEncoder], float] | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
    resume: bool = False,
) -> TrainingReport:
    """Train an encoder and write it to ``out``, a folder that transformers and sentence-transformers read.

    Under torchrun each process calls this; the first one evaluates, reports and writes.

    Args:
        recipe: start, settings and data.
        out: the checkpoint folder to write; must not exist yet. Log and states go to ``out`` + ``.run``.
        evaluate: dev score of an encoder, higher is better; the best weights are kept. Without it, the last.
        progress: called after every step.
        resume: go on from the last saved state of a run with the same ``out``; without one, begin.

    Returns:
        Losses, dev scores, speed, and what was read.

    Raises:
        TrainingError: unusable data, an occupied ``out``, an unfinished run that should not be resumed, or a loss
            that is not a number.
        CheckpointError: the start is missing or damaged.
        MissingExtraError: torch, transformers or pyarrow is not installed.
    """
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as exc:
        raise MissingExtraError("torch or transformers", "train") from exc
    from searchkit.training.loop import Loop, run_folder
    from searchkit.training.state import STATE
    from searchkit.training.writer import check_free

    check_free(out)
    if not resume and (run_folder(out) / STATE).exists():
        raise TrainingError(
            f"{run_folder(out)} holds the state of an unfinished run", hint="resume it, or remove that folder"
        )
    sources = [read_source(settings, seed=recipe.run.seed) for settings in recipe.data]
    loop = Loop(recipe, sources, out, evaluate, progress)
    if resume:
        loop.resume()
    return loop.run()
