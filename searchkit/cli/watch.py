"""An index that follows its files: ``searchkit index --watch`` and ``searchkit query --fresh``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.cli.failures import say
from searchkit.cli.progress import progress_bar
from searchkit.cli.refused import show_refused
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import of_index, time_words
from searchkit.errors import IndexStateError

if TYPE_CHECKING:
    from searchkit.documents import ReadOptions, WalkOptions
    from searchkit.search import SearchEngine
    from searchkit.search.reports import IndexReport, Refusal


def follow(
    engine: SearchEngine,
    paths: Sequence[str],
    walking: WalkOptions,
    reading: ReadOptions,
    *,
    index: str | None,
    as_json: bool,
) -> None:
    """Index and follow changes until Ctrl-C; a line on standard output for each run."""
    refused: set[Refusal] = set()
    with progress_bar() as tell:
        reports = engine.watch_paths(
            [Path(path) for path in paths], walk=walking, read=reading, progress=tell, notice=say
        )
        try:
            for number, report in enumerate(reports):
                _show_run(report, as_json=as_json)
                new = [(one.path, one.reason) for one in report.refused if one not in refused]
                show_refused(new, f"with: {of_index('searchkit ls --refused', index)}")
                refused = set(report.refused)
                if number == 0:
                    say(f"watching {', '.join(map(one_line, paths))}; Ctrl-C ends it")
        except KeyboardInterrupt:
            say("stopped; what was committed is kept")


def bring_up_to_date(engine: SearchEngine) -> None:
    """Refresh the index and say what changed; where that cannot be, say why and leave it as it is."""
    try:
        with progress_bar() as tell:
            done = engine.refresh(progress=tell)
    except IndexStateError as error:
        say(f"warning: answered from the index as it is: {error.message}")
        return
    for root in done.left_out:
        say(f"note: {one_line(root.path)} was not looked at: {root.reason}")
    say("fresh: nothing changed" if done.files.is_idle else f"fresh: {_changes(done.files)}")


def _show_run(report: IndexReport, *, as_json: bool) -> None:
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([report])
    else:
        print(f"{datetime.now():%H:%M:%S} {_changes(report)}")
    sys.stdout.flush()


def _changes(report: IndexReport) -> str:
    """``files: 2 new, 1 changed; chunks: 12 added, 3 encoded; 0.4 s``: what is none of is left out."""
    files = {
        "new": report.new,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "refused": len(report.refused),
    }
    chunks = {"added": report.chunks_added, "encoded": report.chunks_encoded}
    parts = [f"files: {_counts(files) or 'none'}", f"chunks: {_counts(chunks)}", time_words(report.seconds)]
    return "; ".join(part for part in parts if part != "chunks: ")


def _counts(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number)
