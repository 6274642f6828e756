"""``searchkit health`` and ``outliers``: the state of the space that an index lives in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.options import IndexOption, JsonOption
from searchkit.cli.output import renderer
from searchkit.cli.progress import teller
from searchkit.cli.wording import Table
from searchkit.errors import counted
from searchkit.insight.model import HEALTH_SAMPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchkit.insight import Health

FIGURES = (
    ("alignment", "mean squared distance of neighbouring chunks; lower is better"),
    ("uniformity", "how evenly chunks fill the sphere; lower is better"),
    ("effective_rank", "dimensions in use"),
    ("hubness", "skewness of how often a chunk is near others; 0 is without hubs"),
    ("length_bias", "correlation of length with nearness to all; 0 is fair"),
    ("duplicate_rate", "share of chunks with another at cosine 0.95"),
)


def health(
    index: IndexOption = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|FOLDER", help="Compare with this encoder on the same chunks."),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", help="Look at whole documents of so many chunks.")
    ] = HEALTH_SAMPLE,
    as_json: JsonOption = False,
) -> None:
    """Show how an index fills its space.

    With --model the same chunks are embedded by another encoder, one that was trained further for example, and both
    are shown; the index stays as it is. Piped, the columns are: figure, value, value of the other encoder if there is
    one, meaning.
    """
    from searchkit.cli.session import open_engine
    from searchkit.insight import health_of

    with open_engine(index) as engine:
        reports = [health_of(engine, sample=sample)]
        if model is not None:
            from searchkit.encoder import load_encoder
            from searchkit.settings import load_settings

            other = load_encoder(model, device=load_settings().device)
            reports.append(health_of(engine, encoder=other, sample=sample, tell=teller()))
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(reports)
        return
    renderer().show_table(_health_table(reports))
    say(_sampled(reports[0]))


def _health_table(reports: Sequence[Health]) -> Table:
    names = [report.encoder for report in reports]
    if len(set(names)) < len(names):
        names = ["index", *names[1:]]
    rows = [(name, *(_figure(getattr(report, name)) for report in reports), meaning) for name, meaning in FIGURES]
    return Table("", ("figure", *names, "meaning"), tuple(rows), frozenset(names), ("meaning",))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _sampled(report: Health) -> str:
    part = "all" if report.chunks == report.of_chunks else f"{report.chunks:,} of"
    return f"{part} {counted(report.of_chunks, 'chunk')}, {counted(report.pairs, 'neighbouring pair')}"


def outliers(
    index: IndexOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="Show so many at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show chunks that are like no other.

    Those whose mean cosine with their ten nearest lies far below the usual: more than 1.5 interquartile ranges below
    the first quartile. Piped, the columns are: cosine, place, title, text. Exit code: 0 some, 1 none, 2 error.
    """
    from searchkit.cli.session import open_engine
    from searchkit.insight import find_outliers, place_of

    with open_engine(index) as engine:
        found = find_outliers(engine, most=limit)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(found.passages)
    elif found.passages:
        rows = tuple((f"{one.cosine:.3f}", place_of(one), one.title, one.text) for one in found.passages)
        table = Table("", ("cosine", "place", "title", "text"), rows, frozenset({"cosine"}), ("text", "title"))
        renderer().show_table(table)
    if not as_json or not found.passages:
        chunks = counted(found.chunks, "chunk")
        say(f"{found.below:,} of {chunks} below {found.fence:.3f}; the usual is {found.typical:.3f}")
    if not found.passages:
        raise typer.Exit(NOTHING_FOUND)
