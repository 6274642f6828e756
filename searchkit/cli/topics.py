"""``searchkit topics``: what an index is about, in groups of chunks with names."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import IndexOption, JsonOption, seed_option
from searchkit.cli.output import renderer
from searchkit.cli.progress import teller
from searchkit.cli.terminal import wants_rich
from searchkit.cli.wording import Table
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.insight import TopicGroup, Topics, TopicsOver

LISTED = 40
IN_LABEL = 3  # phrases that are the label already
ALSO = 4


def topics(
    index: IndexOption = None,
    number: Annotated[
        int | None,
        typer.Option("--number", "-n", metavar="K", help="Find K topics; default: as many as lie clear."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="kmeans, or density (HDBSCAN, which leaves more outside)."),
    ] = None,
    least_size: Annotated[
        int | None, typer.Option("--min-size", metavar="N", min=2, help="Chunks of the smallest topic, with density.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Find topics anew instead of showing those kept.")] = False,
    seed: Annotated[int, seed_option("Of k-means.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do not keep what was found in the index.")] = False,
    tree: Annotated[bool, typer.Option("--tree", help="Show groups of topics that are alike.")] = False,
    over: Annotated[
        str | None,
        typer.Option("--over", metavar="FIELD", help="Count by a field: modified, folder, or any of the metadata."),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show all topics, not the {LISTED} largest.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the index is about.

    Topics are found once and kept; later they are shown, with newer chunks in the nearest. Finding them anew takes
    --again, or another --number or --method. The same texts give the same topics, in whatever order they came.

    Piped, the columns are: topic, chunks, label, also, such as; with --tree only the first three.
    """
    if tree and over is not None:
        raise typer.BadParameter("choose one of --tree and --over")
    from searchkit.cli.session import open_engine
    from searchkit.insight import find_topics, keep_topics, read_topics, topic_groups, topics_over

    with open_engine(index) as engine:
        is_anew = again or dry_run or number is not None or method is not None or least_size is not None
        found = None if is_anew else read_topics(engine)
        if found is None:
            found = find_topics(
                engine, number=number, method=method or "kmeans", least_size=least_size, seed=seed, tell=teller()
            )
            if not dry_run:
                keep_topics(engine, found)
        counts = None if over is None else topics_over(engine, found, over)
    shown = len(found.topics) if show_all else LISTED
    groups = topic_groups(found)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_array(groups if tree else _topics_json(found, groups, counts))
        return
    if counts is not None:
        table = _over_table(found, counts, shown)
        renderer().show_table(table)
        if not wants_rich(sys.stdout):  # columns without a head
            say(f"columns: {', '.join(table.columns)}")
    elif tree:
        renderer().show_table(_tree_table(found, groups))
    else:
        renderer().show_table(_topic_table(found, shown))
    say(_summary(found, len(found.topics) if tree else min(shown, len(found.topics))))


def _topic_table(found: Topics, shown: int) -> Table:
    from searchkit.insight import place_of

    rows = tuple(
        (
            str(topic.number),
            str(topic.size),
            topic.label,
            ", ".join(topic.phrases[IN_LABEL : IN_LABEL + ALSO]),
            place_of(topic.central[0]) if topic.central else "",
        )
        for topic in found.topics[:shown]
    )
    return Table(
        "", ("topic", "chunks", "label", "also", "such as"), rows, frozenset({"topic", "chunks"}), ("also", "such as")
    )


def _tree_table(found: Topics, groups: Sequence[TopicGroup]) -> Table:
    rows = []
    for group in groups:
        rows.append(("", str(group.size), group.label))
        if len(group.topics) > 1:
            own = (found.topics[number - 1] for number in group.topics)
            rows += [(str(topic.number), str(topic.size), f"  └ {topic.label}") for topic in own]
        else:
            rows[-1] = (str(group.topics[0]), *rows[-1][1:])
    return Table("", ("topic", "chunks", "label"), tuple(rows), frozenset({"topic", "chunks"}))


def _over_table(found: Topics, over: TopicsOver, shown: int) -> Table:
    names = [("-", "(none)"), *((str(topic.number), topic.label) for topic in found.topics)]
    rows = [(*name, *map(str, counts)) for name, counts in zip(names, over.counts.tolist(), strict=True)]
    rows = [*rows[1 : shown + 1], *(rows[:1] if found.outliers else [])]
    return Table("", ("topic", "label", *over.values), tuple(rows), frozenset({"topic", *over.values}), over.values)


def _topics_json(found: Topics, groups: Sequence[TopicGroup], over: TopicsOver | None) -> Iterator[dict[str, Any]]:
    group_of = {number: place for place, group in enumerate(groups, start=1) for number in group.topics}
    rows: list[dict[str, Any]] = [{"number": 0, "label": None, "phrases": [], "size": found.outliers, "central": []}]
    rows += [asdict(topic) | {"group": group_of[topic.number]} for topic in found.topics]
    for row in [*rows[1:], rows[0]]:
        if over is not None:
            row["over"] = dict(zip(over.values, over.counts[row["number"]].tolist(), strict=True))
        yield row


def _summary(found: Topics, shown: int) -> str:
    chunks = counted(len(found.ids), "chunk")
    parts = [f"{chunks} in {counted(len(found.topics), 'topic')}, {found.outliers:,} in none"]
    if found.tried:
        parts.append(f"as many as lie clear, of {found.tried[0].topics} to {found.tried[-1].topics}")
    if shown < len(found.topics):
        parts.append(f"{len(found.topics) - shown:,} smaller ones with --all or --tree")
    return "; ".join(parts)
