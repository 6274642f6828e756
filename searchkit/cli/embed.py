"""``searchkit embed``: sources into shards of embeddings, on this machine or on a Ray cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli import index_options as option
from searchkit.cli.failures import say
from searchkit.cli.options import JsonObjectOption
from searchkit.cli.output import renderer
from searchkit.cli.progress import LINES_A_RUN, progress_bar
from searchkit.cli.refused import show_refused
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import Facts, time_words
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.scale.embed import EmbedReport
    from searchkit.search.reports import Progress, ProgressSink

_WORK = "Workers and shards"

Places = Annotated[
    list[str],
    typer.Argument(metavar="SRC... OUT", help="Folders, files or URLs, and last the folder of the shards."),
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS", help="A Ray cluster: HOST:PORT, auto or local.", rich_help_panel=_WORK),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="N",
        min=1,
        help="Workers; default: 1 here, with Ray one a GPU or a machine.",
        rich_help_panel=_WORK,
    ),
]
BatchSize = Annotated[
    int,
    typer.Option("--batch-size", metavar="N", min=1, help="Passages encoded together.", rich_help_panel=_WORK),
]
ShardSize = Annotated[
    int,
    typer.Option(
        "--shard-size", metavar="N", min=1, help="Passages a shard is planned to have.", rich_help_panel=_WORK
    ),
]
Dtype = Annotated[
    str,
    typer.Option("--dtype", metavar="TYPE", help="Of embeddings: float16 or float32.", rich_help_panel=_WORK),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME|FOLDER", help="The encoder; default: the bundled one.")
]


def embed(
    places: Places,
    model: Model = None,
    ray: RayAddress = None,
    concurrency: Concurrency = None,
    batch_size: BatchSize = 1024,
    shard_size: ShardSize = 16_384,
    dtype: Dtype = "float16",
    glob: option.Glob = None,
    exclude: option.Exclude = None,
    hidden: option.Hidden = False,
    no_ignore: option.NoIgnore = False,
    encoding: option.Encoding = None,
    text_field: option.TextFields = None,
    title_field: option.TitleField = None,
    id_field: option.IdField = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Embed documents into shards, by many processes.

    For example: `searchkit embed docs/ passages.jsonl OUT`, then `searchkit index --from-shards OUT`. With --ray the
    workers of a Ray cluster do it; sources and OUT are then folders that all machines share, or URLs.

    It can be interrupted and run again at any time: shards that are there are kept.
    """
    from searchkit.documents import ReadOptions, WalkOptions
    from searchkit.scale.embed import EmbedOptions
    from searchkit.scale.embed import embed as embed_sources
    from searchkit.settings import load_settings

    if len(places) < 2:
        raise typer.BadParameter("expected sources, and last the folder of the shards")
    *sources, out = places
    settings = load_settings(overrides={"model": model})
    options = EmbedOptions(
        batch_size=batch_size,
        shard_size=shard_size,
        dtype=dtype,
        concurrency=concurrency,
        ray=ray,
        device=settings.device,
        walk=WalkOptions(tuple(glob or ()), tuple(exclude or ()), hidden, not no_ignore),
        read=ReadOptions(tuple(text_field or ()), title_field, id_field, encoding),
    )
    with _progress() as tell:
        report = embed_sources(sources, out, encoder=settings.model, options=options, progress=tell)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([report])
    else:
        renderer().show_facts(_facts(report, out))
    show_refused(report.refused, f"in {one_line(out)}/files.parquet")
    if concurrency is not None and report.made and report.shards < concurrency:
        say(f"note: {counted(report.shards, 'shard')} for {concurrency} workers; more of them with --shard-size N")


@contextmanager
def _progress() -> Iterator[ProgressSink]:
    with progress_bar() as bar:
        yield bar or _print_now_and_then


def _print_now_and_then(report: Progress) -> None:
    if report.stage != "embed" or report.total is None or not report.done:
        return
    if report.done % max(1, report.total // LINES_A_RUN) and report.done != report.total:
        return
    say(f"shard {report.done} of {report.total}: {report.chunks:,} passages")


def _facts(report: EmbedReport, out: str) -> Facts:
    counts = report.counts
    files = counted(counts.files, "file") + (f", {counts.refused:,} of them refused" if counts.refused else "")
    rate = f", {report.passages_made / report.seconds:,.0f} passages/s" if report.made and report.seconds > 1 else ""
    pairs = (
        ("files", files),
        ("passages", f"{counts.passages:,} of {counted(counts.documents, 'document')}"),
        ("shards", f"{report.shards:,}, {report.made:,} of them made now"),
        ("time", time_words(report.seconds) + rate),
        ("next", f"searchkit index --from-shards {shlex.quote(out)}"),
    )
    return Facts("Embedded", pairs)
