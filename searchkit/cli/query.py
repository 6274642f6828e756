"""``searchkit query``: the chunks closest in meaning to a question."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from searchkit.cli.answer import AnswerForm, show_answer
from searchkit.cli.failures import expected_error
from searchkit.cli.options import (
    FilesOption,
    FullOption,
    IndexOption,
    JsonLinesOption,
    JsonOption,
    LimitOption,
    PathOption,
    WhereOption,
)
from searchkit.cli.terminal import wants_rich
from searchkit.cli.wording import HitView
from searchkit.errors import FilterError


def query(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="The question; - reads it from standard input.")],
    index: IndexOption = None,
    k: LimitOption = 10,
    where: WhereOption = None,
    path: PathOption = None,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", metavar="COSINE", help="Leave out hits below this cosine similarity."),
    ] = None,
    full: FullOption = False,
    highlight: Annotated[
        bool | None,
        typer.Option("--highlight/--no-highlight", help="Find the best sentence of each hit; default: on a terminal."),
    ] = None,
    files: FilesOption = False,
    as_json: JsonOption = False,
    as_jsonl: JsonLinesOption = False,
) -> None:
    """Show the chunks closest in meaning to TEXT.

    Piped, a hit is one line: `path:line: score  title > heading  snippet`.

    Exit code: 0 hits, 1 none, 2 error.
    """
    form = AnswerForm(as_json=as_json, as_jsonl=as_jsonl, files=files)
    question = sys.stdin.read() if text == ["-"] else " ".join(text)
    marked = (form.is_text and wants_rich(sys.stdout)) if highlight is None else highlight
    from searchkit.cli.links import linker
    from searchkit.cli.session import open_engine

    with open_engine(index) as engine:
        try:
            hits = engine.search(question, k, where=where, path=path, min_score=min_score, highlight=marked)
        except FilterError as error:
            raise typer.Exit(expected_error(error, expression=where)) from error
        show_answer(hits, form, HitView(full=full, marked=marked, link=linker(engine)))
