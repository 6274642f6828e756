"""``searchkit verify`` and ``repair``: is an index as it was written, and making it so again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import IndexOption, JsonObjectOption, MovedModelOption, WaitOption, seed_option
from searchkit.cli.output import renderer
from searchkit.cli.progress import progress_bar
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import Finding, Level, of_index
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.search.upkeep.health import RepairReport, VerifyReport

PROBLEMS_FOUND = 1
SOMETHING_LOST = 1
_NAMES_SHOWN = 5

DeepOption = Annotated[
    bool, typer.Option("--deep", help="Also compare indexes, words and a sample of vectors, made anew by the encoder.")
]
SampleOption = Annotated[
    int, typer.Option("--sample", metavar="N", min=0, help="How many chunks --deep encodes again.")
]


def verify(
    index: IndexOption = None,
    deep: DeepOption = False,
    sample: SampleOption = 64,
    seed: Annotated[int, seed_option("Draws the sample.")] = 0,
    model: MovedModelOption = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Check that an index is as it was written.

    Every row and vector is compared with its checksum, and the vectors file with the database; nothing is changed.
    Exit code: 0 clean, 1 something is wrong, 2 error.
    """
    from searchkit.search import verify_index
    from searchkit.settings import load_settings

    settings = load_settings(overrides={"index": index})
    report = verify_index(settings.index, deep=deep, sample=sample, seed=seed, encoder=model, device=settings.device)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([report])
    else:
        renderer().show_findings(list(_findings(report, of_index("searchkit repair", index))))
    if not report.is_clean:
        raise typer.Exit(PROBLEMS_FOUND)


def repair(
    index: IndexOption = None, model: MovedModelOption = None, wait: WaitOption = 0, as_json: JsonObjectOption = False
) -> None:
    """Mend a damaged index as far as it can be.

    What is derived is made anew; what a damaged database still holds goes into a new one, and the old one is kept.
    Exit code: 0 all is well again, 1 something is lost (it says what), 2 error.
    """
    from searchkit.search import repair_index
    from searchkit.settings import load_settings

    settings = load_settings(overrides={"index": index})
    with progress_bar() as tell:
        report = repair_index(settings.index, encoder=model, device=settings.device, progress=tell, wait_s=wait)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([report])
    else:
        _show_repair(report, of_index("searchkit index FOLDER", index))
    if report.lost or report.lost_commits:
        raise typer.Exit(SOMETHING_LOST)


def _show_repair(report: RepairReport, read_again: str) -> None:
    for action in report.actions or ("nothing was wrong",):
        typer.echo(one_line(action))
    if report.kept_aside is not None:
        typer.echo(f"the old database is kept: {one_line(str(report.kept_aside))}")
    for loss in report.lost:
        say(f"lost: {one_line(loss.name)}: {one_line(loss.what)}" if loss.name else f"lost: {one_line(loss.what)}")
    if report.lost or report.lost_commits:
        say(f"hint: what came from files is read again by: {read_again}")


def _findings(report: VerifyReport, remedy: str) -> Iterator[Finding]:
    for check in report.checks:
        if not check.problems:
            yield Finding(Level.OK, check.name, check.examined)
        for problem in check.problems:
            yield Finding(Level.PROBLEM, check.name, problem.found + _names(problem.documents), remedy)


def _names(documents: Sequence[str]) -> str:
    if not documents:
        return ""
    more = len(documents) - _NAMES_SHOWN
    shown = ", ".join(documents[:_NAMES_SHOWN]) + (f" and {counted(more, 'more', 'more')}" if more > 0 else "")
    return f" ({shown})"
