"""`searchkit eval`: how good an encoder is, in the field's own figures; `--against` compares two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searchkit.cli.lazy import HELP_NAMES, PlainCommand, PlainGroup
from searchkit.cli.options import JsonOption, seed_option
from searchkit.cli.output import renderer
from searchkit.cli.wording import Table

if TYPE_CHECKING:
    from searchkit.encoder import SentenceEncoder
    from searchkit.evaluation import RetrievalSet, Run
    from searchkit.search.question import SearchOptions

_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')  # of files, on some system or other

app = typer.Typer(cls=PlainGroup, invoke_without_command=True, add_completion=False, context_settings=HELP_NAMES)

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME|FOLDER", help="The encoder; default: the bundled one.")
]
AgainstOption = Annotated[
    str | None, typer.Option("--against", metavar="NAME|FOLDER", help="Compare with this encoder, on the same data.")
]
PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files or folders with the data.")]
SplitOption = Annotated[
    str, typer.Option("--split", metavar="NAME", help="Rows of this split, where the data have one.")
]
SeedOption = Annotated[int, seed_option("Of the bootstrap, the clusters, the classifier.")]


@app.callback()
def evaluate(ctx: typer.Context) -> None:
    """Measure how good an encoder is."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@app.command("sts", cls=PlainCommand, context_settings=HELP_NAMES)
def sts(
    paths: PathsArgument,
    model: ModelOption = None,
    against: AgainstOption = None,
    split: SplitOption = "test",
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Draw the densities of the last set into this .png or .html."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Spearman's correlation with human scores: STS12 to 16, STS-B, SICK-R (parquet, TSV or SentEval folders).

    "all" takes all pairs of a set together, as the SimCSE paper does; "wmean" is the mean over its subsets.
    """
    from searchkit.evaluation import evaluate_sts, read_sts

    tasks = [read_sts(path, split=split) for path in paths]
    reports = {name: [evaluate_sts(encoder, task) for task in tasks] for name, encoder in _encoders(model, against)}
    rows = [
        {"encoder": name, "set": one.name, "all": 100 * one.spearman_all, "wmean": 100 * one.spearman_wmean}
        for name, own in reports.items()
        for one in own
    ]
    rows += [
        {"encoder": name, "set": "average", "all": _mean(rows, name, "all"), "wmean": _mean(rows, name, "wmean")}
        for name in reports
        if len(tasks) > 1
    ]
    if figure is not None:
        _draw(next(iter(reports.values()))[-1], figure)
    _show("Spearman x 100", rows, as_json=as_json)


@app.command("space", cls=PlainCommand, context_settings=HELP_NAMES)
def space(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A scored similarity set, such as STS-B.")],
    model: ModelOption = None,
    against: AgainstOption = None,
    split: SplitOption = "test",
    as_json: JsonOption = False,
) -> None:
    """Alignment, uniformity, effective rank and hubness of the embeddings of a similarity set."""
    from searchkit.evaluation import evaluate_space, read_sts

    task = read_sts(path, split=split)
    rows = [{"encoder": name, **asdict(evaluate_space(encoder, task))} for name, encoder in _encoders(model, against)]
    _show(task.name, rows, as_json=as_json, digits=3)


@app.command("retrieval", cls=PlainCommand, context_settings=HELP_NAMES)
def retrieval(
    paths: PathsArgument,
    model: ModelOption = None,
    against: AgainstOption = None,
    modes: Annotated[
        list[str] | None,
        typer.Option("--mode", metavar="MODE", help="Search as the engine does: hybrid, dense, lexical; repeatable."),
    ] = None,
    rerank: Annotated[
        str | None,
        typer.Option("--rerank", metavar="NAME|FOLDER", help="Each mode also with this cross-encoder after it."),
    ] = None,
    run_folder: Annotated[
        Path | None, typer.Option("--runs", metavar="FOLDER", help="Write a TREC run a collection here.")
    ] = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """nDCG@10, MRR@10 and recall@100 on BEIR folders, or folders with corpus, queries and qrels as parquet.

    Without --mode encoders are measured alone: cosines of whole documents, each cut where the encoder stops reading.
    With it each collection is indexed in a temporary folder and searched as `searchkit query` searches.

    Whatever is measured is compared with what is named last (the encoder of --against, the last --mode), by a paired
    bootstrap of the difference in nDCG@10.
    """
    from searchkit.evaluation import compare, evaluate_run, read_retrieval_set, write_trec_run

    encoders = _encoders(model, against)
    ways = _ways(modes, rerank)
    rows: list[dict[str, Any]] = []
    for path in paths:
        collection = read_retrieval_set(path)
        reports = []
        for system, run in _runs(collection, encoders, ways):
            if run_folder is not None:
                run_folder.mkdir(parents=True, exist_ok=True)
                label = _NOT_IN_NAMES.sub("_", "-".join([collection.name, *system.values()]))
                write_trec_run(run, run_folder / f"{label}.trec")
            reports.append(evaluate_run(run, collection))
            means = {measure: 100 * float(values.mean()) for measure, values in reports[-1].values.items()}
            rows.append({**system, "collection": collection.name, **means})
        for row, report in zip(rows[-len(reports) : -1], reports, strict=False):
            found = compare(reports[-1], report, seed=seed)
            change = f"{100 * found.difference:+.2f} ({100 * found.low:+.2f} to {100 * found.high:+.2f})"
            row["nDCG@10 against"] = change
    if len(paths) > 1:
        rows += _averages(rows)
    _show("retrieval x 100", rows, as_json=as_json)


def _ways(modes: Sequence[str] | None, rerank: str | None) -> list[SearchOptions]:
    """How the engine is to search, one after the other; none where encoders are measured alone."""
    ways: list[SearchOptions] = []
    for mode in modes or ([] if rerank is None else ["hybrid"]):
        if rerank is not None:
            ways.append({"mode": mode, "rerank": rerank})
        ways.append({"mode": mode})
    return ways


def _runs(
    collection: RetrievalSet, encoders: Sequence[tuple[str, SentenceEncoder]], ways: Sequence[SearchOptions]
) -> Iterator[tuple[dict[str, str], Run]]:
    """Every system, by what tells it from the others, and its run."""
    from searchkit.evaluation import dense_run, engine_run, indexed

    for name, encoder in encoders:
        if not ways:
            yield {"encoder": name}, dense_run(encoder, collection)
            continue
        with indexed(collection, encoder) as engine:
            for way in ways:
                mode = " + ".join(map(str, way.values()))
                run = engine_run(engine, collection, name=f"{name} {mode}", **way)
                yield {"encoder": name, "mode": mode}, run


def _averages(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The means over the collections, a row a system."""
    systems = dict.fromkeys((row["encoder"], row.get("mode")) for row in rows)
    means = []
    for encoder, mode in systems:
        own = [row for row in rows if (row["encoder"], row.get("mode")) == (encoder, mode)]
        figures = {name: _mean(own, encoder, name) for name, value in own[0].items() if isinstance(value, float)}
        system = {"encoder": encoder} if mode is None else {"encoder": encoder, "mode": mode}
        means.append({**system, "collection": "average", **figures})
    return means


@app.command("transfer", cls=PlainCommand, context_settings=HELP_NAMES)
def transfer(
    paths: PathsArgument,
    model: ModelOption = None,
    against: AgainstOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Accuracy of a logistic regression on embeddings that stay as they are (labelled texts or pairs)."""
    from searchkit.evaluation import evaluate_transfer

    _labelled("transfer", paths, model, against, lambda *pair: evaluate_transfer(*pair, seed=seed), as_json=as_json)


@app.command("clustering", cls=PlainCommand, context_settings=HELP_NAMES)
def clustering(
    paths: PathsArgument,
    model: ModelOption = None,
    against: AgainstOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """V-measure of spherical k-means with as many clusters as labels."""
    from searchkit.evaluation import evaluate_clustering

    _labelled("clustering", paths, model, against, lambda *pair: evaluate_clustering(*pair, seed=seed), as_json=as_json)


def _labelled(
    title: str,
    paths: Sequence[Path],
    model: str | None,
    against: str | None,
    measure: Callable[..., Any],
    *,
    as_json: bool,
) -> None:
    from searchkit.evaluation import read_labelled

    tasks = [read_labelled(path) for path in paths]
    encoders = _encoders(model, against)
    rows = [{"encoder": name, **asdict(measure(encoder, task))} for task in tasks for name, encoder in encoders]
    _show(title, rows, as_json=as_json, digits=4)


def _encoders(model: str | None, against: str | None) -> list[tuple[str, SentenceEncoder]]:
    """The encoder and, if asked for, the one to compare it with, under names that differ."""
    from searchkit.encoder import load_encoder
    from searchkit.settings import load_settings

    device = load_settings().device
    first = load_encoder(model, device=device)
    if against is None:
        return [(first.name, first)]
    second = load_encoder(against, device=device)
    return [(first.name, first), (second.name if second.name != first.name else f"{second.name} (2)", second)]


def _mean(rows: Sequence[dict[str, Any]], encoder: str, column: str) -> float:
    values = [float(row[column]) for row in rows if row["encoder"] == encoder]
    return sum(values) / len(values)


def _draw(report: Any, figure: Path) -> None:
    from searchkit.evaluation import band_densities, write_density_html, write_density_png

    write = write_density_png if figure.suffix.lower() == ".png" else write_density_html
    write(band_densities(report), figure, title=f"Similarities by human score, {report.name}")


def _show(title: str, rows: Sequence[dict[str, Any]], *, as_json: bool, digits: int = 2) -> None:
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(rows)
        return
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    cells = tuple(tuple(_cell(row.get(column, ""), digits) for column in columns) for row in rows)
    numbers = frozenset(column for column in columns if any(isinstance(row.get(column), int | float) for row in rows))
    renderer().show_table(Table(title, columns, cells, numbers))


def _cell(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)
