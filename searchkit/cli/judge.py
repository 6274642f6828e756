"""``searchkit judge``: what a person says of hits, kept in the index, and given out to measure and to train."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.mode_options import ModeOption
from searchkit.cli.options import IndexOption, JsonOption, LimitOption, MovedModelOption
from searchkit.cli.output import renderer
from searchkit.cli.terminal import one_line
from searchkit.cli.wording import HitView, Table
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.store.judgements import Judgement

QUESTION = "does it answer? y(es), n(o), s(kip), q(uit): "
_PASSAGE_SHOWN = 60  # characters


def judge(
    query: Annotated[str | None, typer.Argument(metavar="[QUERY]", help="The question that was asked.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="ID|PATH", help="A chunk or document that answers it; repeatable."),
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option("--reject", metavar="ID|PATH", help="One that does not; repeatable.")
    ] = None,
    index: IndexOption = None,
    k: LimitOption = None,
    mode: ModeOption = None,
    model: MovedModelOption = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", help="Write all judgements as a test collection and training texts."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which hits answer a question, and which do not.

    Without --accept and --reject the hits are shown one by one. Without QUERY all judgements are listed. Of a document
    or file the chunk closest to the question is judged. Judgements stay when documents are indexed again.

    With --export half of the questions become a collection for `searchkit eval retrieval DIR`, the others
    DIR/train/triplets.jsonl for `searchkit train`; no question is in both.

    Exit code: 0 done, 1 no hits to judge or no judgements to list, 2 error.
    """
    if query is None and (accept or reject):
        raise typer.BadParameter("--accept and --reject need a QUERY")
    if query is not None and export is not None:
        raise typer.BadParameter("--export takes all judgements, without a QUERY")
    from searchkit.cli.session import open_engine
    from searchkit.search.question import number_or_name
    from searchkit.settings import load_settings

    accepted, rejected = ([number_or_name(one) for one in given or ()] for given in (accept, reject))
    wanted = load_settings(overrides={"limit": k, "mode": mode})
    with open_engine(index, model=model) as engine:
        if export is not None:
            _export(engine, export)
        elif query is None:
            _show(engine.judgements(), as_json=as_json)
        elif accept or reject:
            _show(engine.judge(query, accept=accepted, reject=rejected), as_json=as_json)
        else:
            _ask(engine, query, wanted.limit, wanted.mode)


def _ask(engine: SearchEngine, query: str, k: int, mode: str) -> None:
    """Show the hits one by one; each answer is kept at once."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask: name hits with --accept and --reject")
    hits = engine.search(query, k, mode=mode)
    if not hits:
        say("no hits")
        raise typer.Exit(NOTHING_FOUND)
    kept: Counter[str] = Counter()
    for hit in hits:
        renderer().show_hits([hit], HitView(full=True))
        answer = _answer()
        if answer == "q":
            break
        if answer != "s":
            engine.judge(query, **{"accept" if answer == "y" else "reject": [hit.chunk_id]})
            kept[answer] += 1
    say(f"kept: {kept['y']} accepted, {kept['n']} rejected")


def _answer() -> str:
    while True:
        try:
            said = input(QUESTION).strip().lower()[:1]
        except EOFError:
            return "q"
        if said in {"y", "n", "s", "q"}:
            return said


def _show(judgements: Sequence[Judgement], *, as_json: bool) -> None:
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(
            {
                "query": one.query,
                "doc_id": one.doc_id,
                "accepted": one.is_accepted,
                "passage": one.passage,
                "judged": one.judged,
            }
            for one in judgements
        )
    elif judgements:
        renderer().show_table(_table(judgements))
    if not judgements:
        say("no judgements")
        raise typer.Exit(NOTHING_FOUND)


def _table(judgements: Sequence[Judgement]) -> Table:
    rows = tuple(
        ("accepted" if one.is_accepted else "rejected", one.query, one.doc_id, one_line(one.passage)[:_PASSAGE_SHOWN])
        for one in judgements
    )
    return Table("Judgements", ("judgement", "query", "document", "passage"), rows, spare=("passage",))


def _export(engine: SearchEngine, folder: Path) -> None:
    from searchkit.evaluation import export_judgements

    made = export_judgements(engine, folder)
    typer.echo(
        f"wrote {one_line(str(folder))}: {counted(made.test_queries, 'query', 'queries')} to measure on, "
        f"{counted(made.train_queries, 'query', 'queries')} to train on "
        f"({counted(made.triplets, 'triplet')}, {counted(made.pairs, 'pair')})"
    )
    if made.missing:
        say(f"{counted(len(made.missing), 'judged document')} left out, not in the index any more: {made.missing[0]}")
