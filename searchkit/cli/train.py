"""`searchkit train`: from texts, from a recipe, or on an index with a verdict."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searchkit.cli.options import seed_option
from searchkit.cli.wording import Facts, Table, time_words
from searchkit.errors import InputError, counted

if TYPE_CHECKING:
    from searchkit.evaluation.adaptation import Adaptation
    from searchkit.evaluation.verdict import Verdict
    from searchkit.search import SearchEngine
    from searchkit.training import Recipe, TrainingReport

Texts = list[Path] | None
WAIT_AT_THE_END_S = 3600  # what took hours is not thrown away because somebody is writing to the index


def train(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="The folder of the new encoder.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="NAME|FOLDER", help="Train on this index, and judge on it.")
    ] = None,
    unsup: Annotated[
        Texts, typer.Option("--unsup", metavar="FILE", help="Texts, one a line or row: dropout as noise.")
    ] = None,
    sup: Annotated[Texts, typer.Option("--sup", metavar="FILE", help="Pairs of texts that mean the same.")] = None,
    triplets: Annotated[
        Texts, typer.Option("--triplets", metavar="FILE", help="Anchor, positive, hard negative.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", metavar="FILE", help="A TOML file with settings and a mixture.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="With --recipe: where its paths start; default: its own."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="NAME|FOLDER", help="What to start from; default: the bundled encoder."),
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option("--dev", metavar="FILE", help="Scored pairs (sentence1, sentence2, score), asked at the end."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", metavar="N", help="Optimiser steps.")] = None,
    epochs: Annotated[
        float | None, typer.Option("--epochs", metavar="N", help="Passes over the texts, where no --steps.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", metavar="N", help="Rows a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--lr", metavar="RATE", help="Learning rate.")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", metavar="TAU", help="Tau of the contrastive loss.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", metavar="NAME", help="auto, fp32, bf16 or fp16.")
    ] = None,
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")] = None,
    seed: Annotated[int | None, seed_option("The same seed gives the same run.")] = None,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="With --on: use the encoder if better.")
    ] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was cut off.")] = False,
) -> None:
    """Train an encoder by contrastive fine-tuning (SimCSE).

    `searchkit train --on default` adapts the encoder to an index, compares before and after on documents that were
    kept aside, and uses the new one only if it is better.
    """
    wishes = {
        "steps": steps,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "temperature": temperature,
        "precision": precision,
        "device": device,
        "seed": seed,
    }
    run = {name: value for name, value in wishes.items() if value is not None}
    if on is not None:
        if unsup or sup or triplets or recipe or data or dev:
            raise InputError(
                "--on trains on the index alone, and is judged on it",
                hint="leave out --unsup, --sup, --triplets, --recipe, --data and --dev",
            )
        _train_on_index(on, out, base, run, promote=promote, resume=resume)
        return
    if out is None:
        raise InputError("--out is missing", hint="name the folder of the new encoder: --out models/mine")
    _train_on_texts(_recipe(recipe, data, base, unsup, sup, triplets, run), out, dev, resume=resume)


def _train_on_texts(recipe: Recipe, out: Path, dev: Path | None, *, resume: bool) -> None:
    from searchkit.cli.output import renderer
    from searchkit.cli.progress import training_bar
    from searchkit.training import train as run_training

    with training_bar() as progress:
        report = run_training(recipe, out, evaluate=_dev_score(dev), progress=progress, resume=resume)
    if report.is_first:
        renderer().show_facts(_report_facts(report))


def _train_on_index(
    index: str, out: Path | None, base: str | None, run: dict[str, Any], *, promote: bool, resume: bool
) -> None:
    from searchkit.cli.output import renderer
    from searchkit.cli.progress import training_bar
    from searchkit.cli.session import open_engine
    from searchkit.evaluation.adaptation import adapt

    with open_engine(index, wait_s=WAIT_AT_THE_END_S) as engine:
        start = base or _start_of(engine)
        settings = _adaptation_settings(start, run)
        folder = out or engine.folder / "encoders" / f"adapted-{settings.seed}"
        with training_bar() as progress:
            found = adapt(engine, start, folder, run=settings, promote=promote, progress=progress, resume=resume)
    renderer().show_table(_verdict_table(found.verdict))
    renderer().show_facts(_adaptation_facts(found))


def _start_of(engine: SearchEngine) -> str:
    """The checkpoint that the index is searched with."""
    from searchkit.encoder import SentenceEncoder

    encoder = engine.encoder
    if not isinstance(encoder, SentenceEncoder):
        raise InputError("the encoder of this index has no folder to start from", hint="name one with --base")
    return str(encoder.checkpoint.folder)


def _adaptation_settings(base: str, run: dict[str, Any]) -> Any:
    from searchkit.training import Precision, RunSettings

    usual: dict[str, Any] = {"learning_rate": 2e-5, "warmup": 0.1, "freeze_embeddings": True, "batch_size": 64}
    usual["precision"] = Precision.AUTO
    return RunSettings(base=base, **(usual | run | _enums(run, Precision)))


def _recipe(
    file: Path | None,
    data: Path | None,
    base: str | None,
    unsup: Texts,
    sup: Texts,
    triplets: Texts,
    run: dict[str, Any],
) -> Recipe:
    from searchkit.training import Precision, Recipe, load_recipe

    run = run | _enums(run, Precision)
    if file is None:
        if data is not None:
            raise InputError("--data goes with --recipe", hint="leave it out, or name the recipe")
        return Recipe.simple(base or "default", unsup=unsup or (), sup=sup or (), triplets=triplets or (), **run)
    if unsup or sup or triplets:
        raise InputError("--recipe names its own data", hint="leave out --unsup, --sup and --triplets")
    loaded = load_recipe(file, root=data, base=base)
    return dataclasses.replace(loaded, run=dataclasses.replace(loaded.run, **run))


def _enums(run: dict[str, Any], precision: Any) -> dict[str, Any]:
    known = [member.value for member in precision]
    if "precision" not in run:
        return {}
    if run["precision"] not in known:
        raise InputError(f"--precision is {run['precision']!r}, expected one of {', '.join(known)}")
    return {"precision": precision(run["precision"])}


def _dev_score(dev: Path | None) -> Any:
    if dev is None:
        return None
    from searchkit.evaluation import evaluate_sts, read_sts

    task = read_sts(dev, split="dev")
    return lambda encoder: evaluate_sts(encoder, task).spearman_all


def _report_facts(report: TrainingReport) -> Facts:
    best = "" if report.best is None else f"{report.best.score:.4f} at step {report.best.step}"
    return Facts(
        f"Trained {report.out}",
        (
            ("steps", f"{report.steps:,}"),
            ("loss", f"{report.first_loss:.3f} at first, {report.last_loss:.3f} at last"),
            ("best dev score", best or "no --dev given"),
            ("time", f"{time_words(report.seconds)}, {report.sentences / max(report.seconds, 1e-9):,.0f} sentences/s"),
            ("next", shlex.join(["searchkit", "model", "export", str(report.out), f"{report.out}-onnx"])),
        ),
    )


def _verdict_table(verdict: Verdict) -> Table:
    rows = tuple(
        (name, f"{one.before:.3f}", f"{one.after:.3f}", f"{one.difference:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}")
        for name, one in verdict.comparisons.items()
    )
    return Table("Held-out queries", ("measure", "before", "after", "difference", "95 % interval"), rows)


def _adaptation_facts(found: Adaptation) -> Facts:
    used = f"{counted(found.encoded, 'chunk')} embedded again" if found.encoded else "the index is as it was"
    return Facts("Verdict", (("", found.verdict.sentence), ("encoder", str(found.checkpoint)), ("index", used)))
