from __future__ import annotations

import pytest

from searchkit.cli import bars
from searchkit.search.reports import Progress


@pytest.mark.parametrize(
    ("report", "left"),
    [
        (Progress("index", 50, 100), "10 s left"),  # files alone: half of them took ten seconds
        (Progress("index", 50, 100, chunks=100, cut=200), "30 s left"),  # and half of their chunks still wait
        (Progress("scan", 256), ""),
        (Progress("index", 0, 100), ""),
        (Progress("index", 100, 100, chunks=7, cut=7), ""),
    ],
)
def test_time_left_counts_chunks_that_wait(report: Progress, left: str) -> None:
    assert bars._time_left(report, 10.0) == left


def test_progress_follows_the_stages_and_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    with bars.StageBar() as show:
        show(Progress("scan", 256, path="a[b].md"))
        show(Progress("index", 0, 10))
        show(Progress("index", 10, 10, chunks=30, path="\x1b[31m"))
        show(Progress("commit", 1, 1))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\x1b[31m" not in captured.err
