"""Many questions answered block by block: ``searchkit query --queries FILE``.

A file on disk is checked as a whole before the first answer; standard input and pipes cannot be.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.output import renderer
from searchkit.cli.query_file import AskedQuery, read_queries, shown_name
from searchkit.errors import InputError, QueryError

if TYPE_CHECKING:
    from searchkit.cli.answer import AnswerForm
    from searchkit.cli.wording import HitView
    from searchkit.search import SearchEngine
    from searchkit.search.asking.answers import Answer
    from searchkit.types import Hit

BLOCK = 64  # questions encoded and searched together


@dataclass(frozen=True, slots=True)
class Batch:
    """What is asked of every question of a file."""

    file: str
    k: int
    options: Mapping[str, Any]


def answer_file(engine: SearchEngine, batch: Batch, form: AnswerForm, view: HitView, *, trec: str | None) -> None:
    """Print the hits of every question, as they come; with none at all leave with exit code 1.

    Args:
        form: text or JSON lines.
        trec: the tag of a TREC run (``query Q0 document rank score tag``), which ranks documents; or None.

    Raises:
        InputError: a line of the file is not a question; the message names it.
        EvaluationError: an id holds white space, which a TREC run cannot hold.
    """
    if form.as_json or form.files:
        raise typer.BadParameter("the answers to --queries are text, --jsonl or --trec")
    if trec is not None and form.as_jsonl:
        raise typer.BadParameter("choose one of --jsonl and --trec")
    options = batch.options if trec is None else {**batch.options, "group": "document"}
    found, asked, told = 0, 0, set[str]()
    for query, answer in _answers(engine, batch.file, batch.k, options):
        hits, asked, found = answer.hits, asked + 1, found + len(answer.hits)
        for notice in answer.notices:
            if notice not in told:
                say(f"note: {notice}")
            told.add(notice)
        if trec is not None:
            _write_trec(query, hits, trec)
        elif form.as_jsonl:
            _write_json(query, answer)
        else:
            renderer().show_hits_of(query.text, hits, view)
    if not asked:
        raise InputError(f"{shown_name(batch.file)} holds no question", hint="write one a line")
    if not found:
        say("no hits")
        raise typer.Exit(NOTHING_FOUND)


def _answers(
    engine: SearchEngine, file: str, k: int, options: Mapping[str, Any]
) -> Iterator[tuple[AskedQuery, Answer]]:
    if os.path.isfile(file):  # noqa: PTH113 - Path's may raise
        for _ in read_queries(file):
            pass
    queries = read_queries(file)
    while block := list(islice(queries, BLOCK)):
        yield from zip(block, _answers_of_block(engine, file, block, k, options), strict=True)


def _answers_of_block(
    engine: SearchEngine, file: str, block: Sequence[AskedQuery], k: int, options: Mapping[str, Any]
) -> list[Answer]:
    try:
        return engine.ask_many([query.text for query in block], k, **options)
    except QueryError:  # a question that does not parse as one of --mode lexical
        return [_ask_alone(engine, file, query, k, options) for query in block]


def _ask_alone(engine: SearchEngine, file: str, query: AskedQuery, k: int, options: Mapping[str, Any]) -> Answer:
    try:
        return engine.ask(query.text, k, **options)
    except QueryError as error:
        raise InputError(f"{shown_name(file)}, line {query.line}: {error.message}", hint=error.hint) from error


def _write_json(query: AskedQuery, answer: Answer) -> None:
    from searchkit.cli.jsonout import show_lines
    from searchkit.search.asking.hit_json import answer_to_dict, hit_to_dict

    found = {"hits": [hit_to_dict(hit) for hit in answer.hits]} if answer.plan is None else answer_to_dict(answer)
    show_lines([{"query_id": query.query_id, "query": query.text, **found}])


def _write_trec(query: AskedQuery, hits: Sequence[Hit], tag: str) -> None:
    from searchkit.evaluation.runs import Ranking, Run, trec_lines

    ranking = Ranking(tuple(hit.doc_id for hit in hits), tuple(hit.score for hit in hits))
    sys.stdout.writelines(trec_lines(Run(tag, {query.query_id: ranking})))
