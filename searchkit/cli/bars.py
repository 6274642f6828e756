"""The progress bars that Rich draws on standard error.

Their last state is wiped, for the summary says it better.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from searchkit.cli.terminal import one_line
from searchkit.cli.wording import time_words

if TYPE_CHECKING:
    from rich.progress import Progress as Drawn
    from rich.progress import ProgressColumn

    from searchkit.search.reports import Progress
    from searchkit.training import TrainingProgress

BarT = TypeVar("BarT", bound="_Bar")


class _Bar:
    """One line that is drawn while the ``with`` lasts; ``time`` is the column of the time that is left."""

    def __init__(self, title: str, time: ProgressColumn) -> None:
        self._bar = _make_bar(Console(file=sys.stderr, highlight=False), time)
        self._task = self._bar.add_task(title, total=None, rate="", left="", name="")

    def __enter__(self: BarT) -> BarT:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class StageBar(_Bar):
    """The bar of work in stages, such as indexing: stage, files, chunks a second, time left.

    Call it with each report of the engine.
    """

    def __init__(self) -> None:
        super().__init__("Looking for files", _text_column("left"))
        self._stage = ""

    def __call__(self, report: Progress) -> None:
        if report.stage != self._stage:
            self._stage = report.stage
            self._bar.reset(self._task, total=report.total, description=_STAGES.get(report.stage, report.stage))
        elapsed = self._bar.tasks[0].elapsed or 0.0
        rate = f"{report.chunks / elapsed:,.0f} chunks/s" if elapsed > 1 and report.chunks else ""
        name = one_line(report.path)[-40:] if report.path else self._bar.tasks[0].fields["name"]
        self._bar.update(
            self._task,
            completed=report.done,
            total=report.total,
            rate=rate,
            left=_time_left(report, elapsed),
            name=name,
        )


class TrainingBar(_Bar):
    """The bar of ``train``: loss, dev score, sentences a second, time left."""

    def __init__(self) -> None:
        super().__init__("Training", _remaining_column())

    def __call__(self, report: TrainingProgress) -> None:
        dev = "" if report.dev_score is None else f"  dev {report.dev_score:.4f}"
        self._bar.update(
            self._task,
            completed=report.step,
            total=report.steps,
            rate=f"loss {report.loss:.3f}{dev}  {report.sentences_per_s:,.0f} sentences/s",
            name=one_line(report.source),
        )


_STAGES = {
    "scan": "Looking for files",
    "index": "Indexing",
    "encode": "Embedding",
    "commit": "Saving",
    "copy": "Copying",
    "plan": "Reading files",
    "embed": "Embedding",
    "take": "Indexing",
    "push": "Sending",
    "reach": "Reaching the server",
    "indexed": "The server builds its index",
    "loaded": "The server loads its index",
}


def _time_left(report: Progress, elapsed: float) -> str:
    """From the share of the work that is done: of the files read, the part whose chunks are encoded."""
    if not report.total or not report.done or elapsed < 2:
        return ""
    done = report.done / report.total * (report.chunks / report.cut if report.cut else 1)
    return f"{time_words(elapsed * (1 - done) / done)} left" if 0.005 < done < 1 else ""


def _text_column(field: str, style: str = "none") -> ProgressColumn:
    from rich.progress import TextColumn

    return TextColumn(f"{{task.fields[{field}]}}", markup=False, style=style)


def _remaining_column() -> ProgressColumn:
    from rich.progress import TimeRemainingColumn

    return TimeRemainingColumn(elapsed_when_finished=True)


def _make_bar(console: Console, time: ProgressColumn) -> Drawn:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        _text_column("rate"),
        time,
        _text_column("name", style="dim"),
        console=console,
        transient=True,
    )
