"""``searchkit plan``: what a number of passages takes, from what was measured."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from searchkit.cli.failures import say
from searchkit.cli.options import JsonObjectOption
from searchkit.cli.output import renderer
from searchkit.cli.terminal import wants_rich
from searchkit.cli.wording import Facts, Table, size_words
from searchkit.errors import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchkit.scale.planner import CapacityPlan, KindPlan

COLUMNS = ("index", "machines", "memory", "vectors file", "ms a query", "build")


def plan(
    passages: Annotated[str, typer.Option("--passages", metavar="COUNT", help="How many, such as 50M.")],
    dimension: Annotated[int, typer.Option("--dim", metavar="D", min=1, help="Numbers a vector.")] = 384,
    qps: Annotated[float, typer.Option("--qps", metavar="N", help="Queries a second, all together.")] = 1.0,
    tokens: Annotated[float, typer.Option("--tokens", metavar="N", help="Of a passage, on average.")] = 200.0,
    cores: Annotated[
        int | None, typer.Option("--cores", metavar="N", min=1, help="Of a machine; default: as this one.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option("--memory", metavar="GB", help="Of a machine; default: as this one.")
    ] = None,
    as_json: JsonObjectOption = False,
) -> None:
    """Memory, disk, hours and machines for a number of passages.

    For example: `searchkit plan --passages 50M --qps 200 --cores 16 --memory 64`.

    From figures that were measured on one machine, which is named; beyond the sizes that were measured they are
    drawn out in a line.
    """
    from searchkit.scale.planner import Wanted, make_plan, parse_count

    wanted = Wanted(
        passages=parse_count(passages),
        dimension=dimension,
        qps=qps,
        tokens=tokens,
        cores=cores or os.cpu_count() or 1,
        memory_gb=_memory_gb() if memory is None else memory,
    )
    found = make_plan(wanted)
    if as_json:
        from searchkit.cli import jsonout

        jsonout.show_lines([found])
        return
    renderer().show_facts(_facts(found))
    renderer().show_table(_table(found))
    if not wants_rich(sys.stdout):  # columns without a head
        say(f"columns: {', '.join(COLUMNS)}")
    for line in _notes(found):
        say(line)


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 16.0


def _facts(found: CapacityPlan) -> Facts:
    wanted = found.wanted
    pairs = (
        ("machines", f"{counted(wanted.cores, 'core')} and {wanted.memory_gb:.0f} GB each, no GPU"),
        ("embedding", f"{_duration(found.encode_core_s / wanted.cores)} on one of them, half of it on two"),
        ("indexing", f"{_duration(found.index_core_s)} from shards, on one core"),
        ("disk", f"shards {size_words(int(found.shard_bytes))}, database {size_words(int(found.database_bytes))}"),
    )
    return Facts(
        f"{wanted.passages:,} passages of {wanted.tokens:g} tokens, {wanted.dimension} dimensions, "
        f"{wanted.qps:g} queries a second",
        pairs,
    )


def _table(found: CapacityPlan) -> Table:
    rows = tuple(
        (
            kind.kind,
            _machines(kind),
            size_words(int(kind.memory_bytes)),
            size_words(int(kind.file_bytes)),
            f"{kind.query_ms:,.1f}" if kind.query_ms < 100 else f"{kind.query_ms:,.0f}",
            _duration(kind.build_core_s),
        )
        for kind in found.kinds
    )
    return Table("Each kind of index", COLUMNS, rows, frozenset(COLUMNS[1:]), ("build", "vectors file", "memory"))


def _machines(kind: KindPlan) -> str:
    return f"{kind.machines:,}" if kind.parts == 1 else f"{kind.parts:,} x {kind.machines // kind.parts:,}"


def _notes(found: CapacityPlan) -> Iterator[str]:
    """What the figures rest on and leave out, a line each."""
    wanted = found.wanted
    yield f"Milliseconds are of one core; a query's own embedding takes {found.query_encode_ms:.0f} more."
    if any(kind.parts > 1 for kind in found.kinds):
        yield "N x M machines: the passages in N parts, each on M; Milvus does that (push), at a cost of its own."
    elif any(kind.machines > 1 for kind in found.kinds):
        yield "Several machines: each has a copy of the index and serves it (searchkit serve), or Milvus does (push)."
    large = [kind.kind for kind in found.kinds if kind.file_bytes / kind.parts > wanted.memory_gb * 1e9]
    if large:
        yield (
            f"{' and '.join(large)}: the vectors file is larger than the memory, so each query reads some hundred rows "
            "from disk, which the milliseconds leave out."
        )
    beyond = [kind for kind in found.kinds if wanted.passages / kind.parts > found.largest[kind.kind]]
    if beyond:
        sizes = ", ".join(f"{kind.kind} {found.largest[kind.kind]:,}" for kind in beyond)
        yield f"Drawn out in a line from the most vectors that were measured: {sizes}."
    yield f"Measured on {found.measured}: {found.machine}."


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 86400:,.1f} days" if seconds < 730 * 86400 else f"{seconds / (365 * 86400):,.1f} years"
