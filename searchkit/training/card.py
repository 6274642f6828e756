"""The model card: ``README.md`` for people, ``training.json`` with the facts it was written from.

The facts allow the card to be written again when figures come later: `update_card` adds tables to it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from searchkit.encoder.torch_runtime import resolve_device
from searchkit.errors import TrainingError
from searchkit.training.recipe import Recipe, recipe_facts
from searchkit.training.report import TrainingReport
from searchkit.training.sources import Source

CARD = "README.md"
FACTS = "training.json"
LIBRARIES = ("searchkit", "torch", "transformers", "tokenizers", "numpy")
LIMITS = "It measures similarity of meaning in texts like those it was trained on. It does not answer questions."


@dataclass(frozen=True, slots=True)
class CardTable:
    """Figures for the card.

    Attributes:
        title: of the section.
        columns: headers.
        rows: cells as text, as many as columns.
        note: what the figures mean: the aggregation, the cut-off, the data, the machine.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def write_card(folder: Path, recipe: Recipe, report: TrainingReport) -> None:
    """Write card and facts of a run into a checkpoint folder."""
    facts = _facts(recipe, report)
    (folder / FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    (folder / CARD).write_text(render_card(facts), encoding="utf-8")


def update_card(folder: Path, tables: Sequence[CardTable], *, limits: str = LIMITS) -> None:
    """Write the card of a checkpoint folder again, with figures.

    Args:
        folder: written by `train`.
        tables: in order.
        limits: what the encoder is not for, in a sentence or two.

    Raises:
        TrainingError: the folder has no ``training.json``.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise TrainingError(f"{folder / FACTS} cannot be read: {exc}", hint="give a folder that `train` wrote") from exc
    (folder / CARD).write_text(render_card(facts, tables, limits=limits), encoding="utf-8")


def render_card(facts: Mapping[str, Any], tables: Sequence[CardTable] = (), *, limits: str = LIMITS) -> str:
    """The card as Markdown, with the front matter that model hubs read."""
    run, result = facts["run"], facts["result"]
    lines = ["---", "library_name: sentence-transformers", "pipeline_tag: sentence-similarity"]
    lines += [f"base_model: {run['base']}", "---", "", f"# {facts['name']}", ""]
    lines += [f"A sentence encoder, trained from `{run['base']}` with searchkit by {_method(facts)}."]
    settings = {**run, "steps": result["steps"]}
    lines += _section(CardTable("Settings", ("setting", "value"), tuple(_settings(settings))))
    columns = ("source", "kind", "weight", "rows", "bad rows", "SHA-256")
    lines += _section(CardTable("Data", columns, tuple(tuple(str(s[c]) for c in columns) for s in facts["sources"])))
    lines += _section(CardTable("Run", ("what", "value"), tuple(_settings({**result, **facts["machine"]}))))
    for table in tables:
        lines += _section(table)
    return "\n".join([*lines, "", "## Limits", "", limits, ""])


def _method(facts: Mapping[str, Any]) -> str:
    kinds = {source["kind"] for source in facts["sources"]}
    taught = f"distillation: it learns to give the embeddings of {facts['run'].get('teacher') or facts['run']['base']}"
    if kinds == {"distil"}:
        return taught
    return "contrastive learning (SimCSE)" + (f", and by {taught}" if "distil" in kinds else "")


def _section(table: CardTable) -> Iterator[str]:
    yield from ("", f"## {table.title}", "")
    yield f"| {' | '.join(table.columns)} |"
    yield "|" + " --- |" * len(table.columns)
    for row in table.rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    if table.note:
        yield from ("", table.note)


def _settings(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name.replace("_", " "), _said(value)) for name, value in values.items() if value not in (None, "", [], ()))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _facts(recipe: Recipe, report: TrainingReport) -> dict[str, Any]:
    return {
        "name": report.out.name,
        **recipe_facts(recipe),
        "sources": [_source(source) for source in report.sources],
        "result": {
            "steps": report.steps,
            "sentences": report.sentences,
            "seconds": round(report.seconds, 1),
            "loss_of_the_first_tenth": round(report.first_loss, 4),
            "loss_of_the_last_tenth": round(report.last_loss, 4),
            "best_step": report.best.step if report.best else None,
            "best_dev_score": report.best.score if report.best else None,
        },
        "machine": _machine(recipe.run.device),
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "source": source.settings.label,
        "file": source.settings.path.name,
        "kind": source.settings.kind.value,
        "weight": source.settings.weight,
        "rows": len(source.rows),
        "bad rows": source.bad_count,
        "SHA-256": source.sha256,
    }


def _machine(device: str) -> dict[str, str]:
    import torch

    cores = f"{platform.machine()}, {os.cpu_count()} cores"
    hardware = torch.cuda.get_device_name() if resolve_device(device) == "cuda" else cores
    return {"hardware": hardware, "python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
