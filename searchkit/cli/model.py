"""``searchkit model``: which encoders there are, what is known of one, and a checkpoint's way to ONNX."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.lazy import HELP_NAMES, PlainCommand, PlainGroup
from searchkit.cli.options import JsonObjectOption, JsonOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Facts, Table, size_words
from searchkit.encoder.pooling import Pooling
from searchkit.errors import InputError

if TYPE_CHECKING:
    from searchkit.encoder import ExportReport, ModelInfo, SpeedReport

app = typer.Typer(
    cls=PlainGroup,
    invoke_without_command=True,
    add_completion=False,
    context_settings=HELP_NAMES,
)


@app.callback()
def model(ctx: typer.Context) -> None:
    """List, describe, fetch and export encoders."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@app.command("list", cls=PlainCommand, context_settings=HELP_NAMES)
def list_models(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDERS]...", help="Also the checkpoints directly below these folders."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the bundled encoders, and those below FOLDERS."""
    from searchkit import encoder

    for folder in folders or ():
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder", hint="name the folder that checkpoints lie in")
    found = encoder.list_models(*(folders or ()))
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(found)
    elif found:
        renderer().show_table(_model_table(found))
    if not found:
        say("no encoders: this installation has no bundled one")
        raise typer.Exit(NOTHING_FOUND)


def _model_table(models: list[ModelInfo]) -> Table:
    columns = ("name", "dimensions", "tokens", "parameters", "size", "runtimes", "folder")
    rows = tuple(
        (
            model.name,
            str(model.dimension),
            str(model.max_tokens),
            f"{model.parameters / 1e6:.1f} M",
            size_words(model.size_bytes),
            ", ".join(model.runtimes),
            str(model.folder),
        )
        for model in models
    )
    return Table(
        "",
        columns,
        rows,
        numbers=frozenset({"dimensions", "tokens", "parameters", "size"}),
        spare=("runtimes", "tokens", "parameters"),
    )


@app.command("info", cls=PlainCommand, context_settings=HELP_NAMES)
def info(
    model: Annotated[
        str | None, typer.Argument(metavar="[NAME|FOLDER]", help="Which encoder; default: the bundled one.")
    ] = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Show what is known of an encoder, without loading it."""
    from searchkit import encoder

    known = encoder.describe(model)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([known])
    else:
        renderer().show_facts(_model_facts(known))


def _model_facts(model: ModelInfo) -> Facts:
    return Facts(
        f"Encoder {model.name}",
        (
            ("name", model.name),
            ("folder", str(model.folder)),
            ("dimensions", str(model.dimension)),
            ("tokens", f"{model.max_tokens} at most, longer texts are cut"),
            ("pooling", model.pooling.value),
            ("parameters", f"{model.parameters:,}"),
            ("size", size_words(model.size_bytes)),
            ("runtimes", ", ".join(model.runtimes) or "none here"),
            ("made from", model.base or "not recorded"),
            ("license", model.license or "not recorded"),
            ("fingerprint", model.fingerprint),
        ),
    )


@app.command("download", cls=PlainCommand, context_settings=HELP_NAMES)
def download(
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="A checkpoint of the Hugging Face Hub.")],
) -> None:
    """Fetch a checkpoint into the local cache; needs the network."""
    from searchkit import encoder

    typer.echo(encoder.resolve_checkpoint(name, download=True))


@app.command("export", cls=PlainCommand, context_settings=HELP_NAMES)
def export(
    checkpoint: Annotated[str, typer.Argument(metavar="CHECKPOINT", help="A folder, or a name in the cache.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    form: Annotated[
        list[str] | None,
        typer.Option("--form", metavar="FORM", help="fp16 (default) or fp32, and int8 besides; repeatable."),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it; default: OUT's name.")] = "",
    pooling: Annotated[
        Pooling | None,
        typer.Option(
            "--pooling", metavar="|".join(one.value for one in Pooling), help="Instead of what the checkpoint says."
        ),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="N", min=1, help="A lower limit than the checkpoint's.")
    ] = None,
    base: Annotated[str, typer.Option("--base", metavar="NAME", help="What it was made from, for the record.")] = "",
    license: Annotated[str, typer.Option("--license", metavar="NAME", help="Of the weights, for the record.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
) -> None:
    """Make a folder with ONNX graphs, which runs without torch.

    The graphs are compared with the checkpoint's own vectors before OUT appears, complete or not at all.
    Needs the extra searchkit[train].
    """
    from searchkit import encoder

    report = encoder.export_onnx(
        encoder.resolve_checkpoint(checkpoint),
        out,
        forms=tuple(form or ("fp16",)),
        name=name,
        pooling=pooling,
        max_tokens=max_tokens,
        base=base,
        license=license,
        overwrite=overwrite,
    )
    renderer().show_facts(_export_facts(report))


def _export_facts(report: ExportReport) -> Facts:
    graphs = [
        f"{graph.file} ({graph.form}, {size_words(graph.size_bytes)}, least cosine {graph.least_cosine:.5f})"
        for graph in report.graphs
    ]
    return Facts(
        f"Exported {report.name}",
        (
            ("folder", str(report.folder)),
            ("encoder", f"{report.dimension} dimensions, {report.max_tokens} tokens, {report.pooling.value}"),
            ("size", f"{size_words(report.size_bytes)}, {report.parameters:,} parameters"),
            ("graphs", "\n".join(graphs)),
            ("next", f"searchkit index FOLDER --model {shlex.quote(str(report.folder))}"),
        ),
    )


@app.command("bench", cls=PlainCommand, context_settings=HELP_NAMES)
def bench(
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT]", help="A folder or name; default: the bundled encoder.")
    ] = None,
    texts: Annotated[
        Path | None, typer.Option("--texts", metavar="FILE", help="Passages to embed, one a line; default: our own.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="How often each way has its turn.")] = 3,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Default: one for each core.")
    ] = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Measure how fast an encoder runs on this machine.

    With the extra searchkit[train] torch is measured too, and graphs that the checkpoint does not have are made for
    the measurement: what to give `searchkit model export --form`.
    """
    from searchkit import encoder
    from searchkit.cli.bench_texts import passages_of, queries

    report = encoder.measure_speed(checkpoint, passages_of(texts), queries(), rounds=rounds, threads=threads)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([report])
    else:
        renderer().show_table(_speed_table(report))
        for reason in report.absent:
            say(f"not measured: {reason}")


def _speed_table(report: SpeedReport) -> Table:
    columns = ("runtime", "tokens/s", "a query", "agreement", "least cosine", "in the checkpoint")
    rows = tuple(
        (
            each.runtime,
            f"{each.tokens_s:,.0f}",
            f"{each.query_ms:.1f} ms",
            f"{each.agreement:.3f}",
            f"{each.least_cosine:.4f}",
            "yes" if each.is_ready else "no",
        )
        for each in report.runtimes
    )
    title = (
        f"{report.name}: {report.passages:,} passages of {report.tokens:,} tokens, {report.threads} threads; "
        f"agreement with {report.reference} on the 10 nearest"
    )
    return Table(title, columns, rows, numbers=frozenset({"tokens/s", "a query", "agreement", "least cosine"}))
