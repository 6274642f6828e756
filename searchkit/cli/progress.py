"""The progress of long work, on standard error where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from searchkit.cli.failures import say
from searchkit.cli.terminal import wants_rich

if TYPE_CHECKING:
    from searchkit.search.reports import ProgressSink
    from searchkit.training import TrainingProgress

LINES_A_RUN = 20


@contextmanager
def progress_bar() -> Iterator[ProgressSink | None]:
    """A progress bar when standard error is a terminal; None otherwise."""
    if not wants_rich(sys.stderr):
        yield None
        return
    from searchkit.cli.bars import StageBar

    with StageBar() as show:
        yield show


def teller() -> Callable[[str], None]:
    """Says the stages of work that has no bar, where somebody watches: a terminal on standard error."""
    return say if wants_rich(sys.stderr) else lambda _: None


@contextmanager
def training_bar() -> Iterator[Callable[[TrainingProgress], None]]:
    """A progress bar when standard error is a terminal; a line now and then otherwise."""
    if not wants_rich(sys.stderr):
        yield _print_now_and_then
        return
    from searchkit.cli.bars import TrainingBar

    with TrainingBar() as show:
        yield show


def _print_now_and_then(report: TrainingProgress) -> None:
    if report.step % max(1, report.steps // LINES_A_RUN) and report.step != report.steps:
        return
    dev = "" if report.dev_score is None else f", dev {report.dev_score:.4f}"
    say(f"step {report.step}/{report.steps}: loss {report.loss:.3f}{dev}, {report.sentences_per_s:.0f} sentences/s")
