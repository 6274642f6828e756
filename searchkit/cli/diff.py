"""``searchkit diff``: what became of the answers from one index to another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.mode_options import ModeOption
from searchkit.cli.options import JsonObjectOption, LimitOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Facts, Table

if TYPE_CHECKING:
    from searchkit.evaluation import AnswerChange, AnswerDiff

CHANGED_TOO_MUCH = 1


def diff(
    before: Annotated[str, typer.Argument(metavar="INDEX_A", help="The index as it was: its name or folder.")],
    after: Annotated[str, typer.Argument(metavar="INDEX_B", help="The index as it is now.")],
    queries: Annotated[
        Path, typer.Option("--queries", "-q", metavar="FILE", help="One query a line, or a queries.jsonl.")
    ],
    k: LimitOption = None,
    mode: ModeOption = None,
    p: Annotated[
        float, typer.Option("--persistence", metavar="P", help="Of rank-biased overlap: higher looks deeper.")
    ] = 0.9,
    worst: Annotated[int, typer.Option("--worst", metavar="N", min=0, help="How many changed queries to show.")] = 10,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", metavar="RBO", help="Exit with 1 if the mean is below this.")
    ] = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Compare the answers of two indexes to the same queries.

    The figure is rank-biased overlap of the documents found, 1 for the same ones in the same order, 0 for none in
    common; the first places count most. It tells how much changed, not which is better: `searchkit eval retrieval`
    tells that.

    Exit code: 0 done, 1 the mean is below --fail-under, 2 error.
    """
    from searchkit.cli.session import open_engine
    from searchkit.evaluation import compare_answers, documents_found, read_queries
    from searchkit.settings import load_settings

    wanted = load_settings(overrides={"limit": k, "mode": mode})
    asked = read_queries(queries)
    answers = []
    for index in (before, after):
        with open_engine(index) as engine:
            answers.append(documents_found(engine, asked, wanted.limit, mode=wanted.mode))
    found = compare_answers(asked, *answers, p=p)
    if as_json:
        _show_json(found)
    else:
        renderer().show_facts(_facts(found))
        renderer().show_table(_table(found.worst(worst)))
    if fail_under is not None and found.mean < fail_under:
        say(f"the mean overlap is {found.mean:.3f}, below {fail_under:g}")
        raise typer.Exit(CHANGED_TOO_MUCH)


def _facts(found: AnswerDiff) -> Facts:
    return Facts(
        "Rank-biased overlap",
        (
            ("mean", f"{found.mean:.3f}"),
            ("queries", f"{len(found.changes):,}, {found.unchanged:,} unchanged"),
            ("gained", f"{sum(len(change.gained) for change in found.changes):,}"),
            ("lost", f"{sum(len(change.lost) for change in found.changes):,}"),
        ),
    )


def _table(changes: Sequence[AnswerChange]) -> Table:
    rows = tuple((f"{one.overlap:.3f}", one.query, " ".join(one.gained), " ".join(one.lost)) for one in changes)
    return Table("Most changed", ("overlap", "query", "gained", "lost"), rows, frozenset({"overlap"}), spare=("lost",))


def _show_json(found: AnswerDiff) -> None:
    from searchkit.cli import jsonout

    changes = [
        {"query": one.query, "rbo": one.overlap, "gained": one.gained, "lost": one.lost} for one in found.changes
    ]
    jsonout.show_lines([{"mean_rbo": found.mean, "unchanged": found.unchanged, "queries": changes}])
