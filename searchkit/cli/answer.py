"""How hits leave a command: for a person, as JSON, or as paths; and the exit code that goes with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.output import renderer
from searchkit.cli.terminal import one_line, wants_rich
from searchkit.cli.wording import HitView, source_name

if TYPE_CHECKING:
    from searchkit.search.asking.answers import Answer
    from searchkit.types import Hit


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """At most one of the three; none of them means text for a person."""

    as_json: bool = False
    as_jsonl: bool = False
    files: bool = False

    def __post_init__(self) -> None:
        if self.as_json + self.as_jsonl + self.files > 1:
            raise typer.BadParameter("choose one of --json, --jsonl and --files")

    @property
    def is_text(self) -> bool:
        return not (self.as_json or self.as_jsonl or self.files)


def show_answer(
    hits: Sequence[Hit],
    form: AnswerForm,
    view: HitView,
    *,
    nothing: str = "no hits",
    explained: Answer | None = None,
) -> None:
    """Print the hits; when there are none, say ``nothing`` on standard error and leave with exit code 1.

    How the question of an ``explained`` answer was taken is printed after the hits: on a terminal below them, in JSON
    around them, and else on standard error.
    """
    if form.as_json and explained is not None:
        _show_json_object(explained)
    elif form.as_json or form.as_jsonl:
        _show_json(hits, lines=form.as_jsonl)
    elif form.files:
        _show_paths(hits)
    else:
        renderer().show_hits(hits, view)
    if explained is not None and not form.as_json:
        _show_plan(explained, form)
    if not hits:
        say(nothing)
        raise typer.Exit(NOTHING_FOUND)


def _show_json(hits: Sequence[Hit], *, lines: bool) -> None:
    from searchkit.cli import jsonout
    from searchkit.search.asking.hit_json import hit_to_dict

    (jsonout.show_lines if lines else jsonout.show_array)(map(hit_to_dict, hits))


def _show_json_object(answer: Answer) -> None:
    from searchkit.cli import jsonout
    from searchkit.search.asking.hit_json import answer_to_dict

    jsonout.show_lines([answer_to_dict(answer)])


def _show_plan(answer: Answer, form: AnswerForm) -> None:
    from searchkit.cli.explained import plan_facts

    facts = plan_facts(answer)
    if form.is_text and wants_rich(sys.stdout):
        renderer().show_facts(facts)
    else:
        for label, value in facts.pairs:
            say(f"{label}: {one_line(value)}")


def _show_paths(hits: Sequence[Hit]) -> None:
    """Each file once, in the order of its best hit; exact for pipes, made safe for a terminal."""
    shown = one_line if sys.stdout.isatty() else str
    for path in dict.fromkeys(map(source_name, hits)):
        sys.stdout.write(f"{shown(path)}\n")
