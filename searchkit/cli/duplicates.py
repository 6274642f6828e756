"""``searchkit duplicates``: what an index says twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import NOTHING_FOUND, say
from searchkit.cli.options import IndexOption, JsonOption
from searchkit.cli.output import renderer
from searchkit.cli.wording import Table
from searchkit.errors import counted
from searchkit.insight.model import DUPLICATE_COSINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchkit.insight import DuplicateGroup, DuplicatePair, Duplicates

LISTED = 50


def duplicates(
    index: IndexOption = None,
    threshold: Annotated[
        float,
        typer.Option("--threshold", "-t", metavar="COSINE", help="Pairs at least so alike."),
    ] = DUPLICATE_COSINE,
    across: Annotated[bool, typer.Option("--across", help="Only between different documents.")] = False,
    pairs: Annotated[bool, typer.Option("--pairs", help="Show pairs of different texts instead of groups.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, help="Show so many groups or pairs.")
    ] = LISTED,
    as_json: JsonOption = False,
) -> None:
    """Show chunks that are nearly the same.

    Every pair is compared. A group is joined by pairs; its first chunk stands first. Piped, a chunk is a line: group,
    cosine with the first of the group, place, text; with --pairs a pair is: cosine, place, place, text, other text.
    Exit code: 0 some, 1 none, 2 error.
    """
    from searchkit.cli.session import open_engine
    from searchkit.insight import find_duplicates

    with open_engine(index) as engine:
        found = find_duplicates(engine, threshold=threshold, across_documents=across)
    shown = found.pairs[:limit] if pairs else found.groups[:limit]
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(shown)
    elif shown:
        renderer().show_table(_pair_table(found.pairs[:limit]) if pairs else _group_table(found.groups[:limit]))
    if not as_json or not shown:
        say(_summary(found))
    if not shown:
        raise typer.Exit(NOTHING_FOUND)


def _group_table(groups: Sequence[DuplicateGroup]) -> Table:
    from searchkit.insight import place_of

    rows = [
        (str(number), f"{passage.cosine:.3f}", place_of(passage), passage.text)
        for number, group in enumerate(groups, start=1)
        for passage in group.passages
    ]
    return Table("", ("group", "cosine", "place", "text"), tuple(rows), frozenset({"group", "cosine"}), ("text",))


def _pair_table(pairs: Sequence[DuplicatePair]) -> Table:
    from searchkit.insight import place_of

    rows = [
        (f"{pair.cosine:.3f}", place_of(pair.first), place_of(pair.second), pair.first.text, pair.second.text)
        for pair in pairs
    ]
    columns = ("cosine", "first", "second", "text", "other text")
    return Table("", columns, tuple(rows), frozenset({"cosine"}), ("other text", "text"))


def _summary(found: Duplicates) -> str:
    if not found.groups:
        return f"no duplicates: no two of {counted(found.chunks, 'chunk')} have a cosine of {found.threshold:g} or more"
    return (
        f"{counted(len(found.groups), 'group')} at cosine {found.threshold:g}: {found.spare:,} of "
        f"{counted(found.chunks, 'chunk')} repeat another"
    )
