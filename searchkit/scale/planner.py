"""How much memory, disk, time and how many machines a number of passages takes, from what was measured.

``figures.json`` beside this module holds the measurements of ``benchmarks/planner.py``, with machine and date. Between
two measured sizes a figure lies on the line between them, above the largest on the line through the last two. What was
measured of 384 dimensions is taken in proportion for others. Nothing is added for other programs, other users or the
operating system, but for the shares below.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from searchkit.errors import InputError

FIGURES = Path(__file__).with_name("figures.json")
BUSY = 0.7  # the share of its cores that a machine may spend on searches, so that they do not queue
USABLE = 0.8  # the share of its memory that an index may fill
_MULTIPLES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be planned for.

    Attributes:
        passages: how many.
        dimension: numbers a vector.
        qps: queries a second, all machines together.
        tokens: of a passage, on average.
        cores, memory_gb: of each machine.

    Raises:
        InputError: a value is out of range.
    """

    passages: int
    dimension: int = 384
    qps: float = 1.0
    tokens: float = 40.0
    cores: int = 2
    memory_gb: float = 24.0

    def __post_init__(self) -> None:
        for name in ("passages", "dimension", "qps", "tokens", "cores", "memory_gb"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"{name.replace('_', ' ')} is {value}; expected above 0")


@dataclass(frozen=True, slots=True)
class KindPlan:
    """One kind of index. Bytes and seconds are of the whole, machines together.

    Attributes:
        memory_bytes: what has to be in memory for the times to hold: of a compressed kind what the process holds, of
            an exact one the whole file.
        file_bytes: of the vectors files.
        build_core_s: core seconds to make them.
        query_ms: core milliseconds a query costs, all parts together, the query's own embedding apart.
        parts: machines among which the passages are shared, each of which is asked every query.
        machines: all of them, copies for the load included.
        bound_by: ``memory`` or ``queries``.
    """

    kind: str
    memory_bytes: float
    file_bytes: float
    build_core_s: float
    query_ms: float
    parts: int
    machines: int
    bound_by: str


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """The plan, and what it rests on.

    Attributes:
        encode_core_s, index_core_s: to embed all passages, and to write their rows and words, on one core each.
        shard_bytes, database_bytes: of the shards, and of ``searchkit.db``.
        query_encode_ms: core milliseconds to embed a query.
        machine, measured: where and when the figures were measured; ``largest`` the most vectors.
    """

    wanted: Wanted
    encode_core_s: float
    index_core_s: float
    shard_bytes: float
    database_bytes: float
    query_encode_ms: float
    kinds: tuple[KindPlan, ...]
    machine: str
    measured: str
    largest: Mapping[str, int]


def parse_count(text: str) -> int:
    """``50M`` as a number: K, M, G or B may follow; a decimal point, commas and ``1e6`` are understood.

    Raises:
        InputError: it is no such number.
    """
    found = re.fullmatch(r"([0-9][0-9,_]*(?:\.[0-9]+)?(?:E[0-9]{1,2})?)\s*([KMGB]?)", text.strip().upper())
    number = math.nan if found is None else float(re.sub("[,_]", "", found[1])) * _MULTIPLES[found[2]]
    if not math.isfinite(number):
        raise InputError(f"{text[:60]!r} is no count; expected such as 50M, 200K or 1,000,000")
    return round(number)


def on_line(points: Sequence[tuple[float, float]], x: float) -> float:
    """The value at ``x`` of the line through the two points around it, or the two nearest; at least 0.

    Args:
        points: by rising x; a single one gives a line through the origin.
    """
    if len(points) == 1:
        return points[0][1] * x / points[0][0]
    place = next((i for i in range(1, len(points) - 1) if x <= points[i][0]), len(points) - 1)
    (x0, y0), (x1, y1) = points[place - 1], points[place]
    return max(0.0, y0 + (y1 - y0) * (x - x0) / (x1 - x0))


@cache
def figures() -> Mapping[str, Any]:
    """What was measured."""
    values: Mapping[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return values


def make_plan(wanted: Wanted, measured: Mapping[str, Any] | None = None) -> CapacityPlan:
    """What the passages take, for each kind of index.

    Args:
        measured: in place of `figures`.
    """
    known = measured or figures()
    text = known["database"]
    scale = wanted.dimension / known["dimension"]
    a_passage = text["fixed_bytes"] + 2 * wanted.dimension + text["bytes_a_token"] * wanted.tokens
    a_row = known["shards"]["fixed_bytes"] + 2 * wanted.dimension + known["shards"]["bytes_a_token"] * wanted.tokens
    points = [(tokens, seconds) for tokens, seconds in known["encode_s"]]
    return CapacityPlan(
        wanted,
        encode_core_s=wanted.passages * on_line(points, wanted.tokens),
        index_core_s=wanted.passages * known["index_s"],
        shard_bytes=wanted.passages * a_row,
        database_bytes=wanted.passages * a_passage,
        query_encode_ms=known["query_encode_ms"],
        kinds=tuple(_kind(kind, rows, wanted, scale, known) for kind, rows in known["kinds"].items()),
        machine=known["machine"],
        measured=known["measured"],
        largest={kind: max(row["count"] for row in rows) for kind, rows in known["kinds"].items()},
    )


def _kind(
    kind: str, rows: Sequence[Mapping[str, float]], wanted: Wanted, scale: float, known: Mapping[str, Any]
) -> KindPlan:
    def of(name: str, count: float) -> float:
        return scale * on_line([(row["count"], row[name]) for row in rows], count)

    total = of("memory_bytes", wanted.passages)
    parts = max(1, math.ceil(total / (USABLE * wanted.memory_gb * 1e9)))
    share_ms = of("query_ms", wanted.passages / parts)
    each_ms = share_ms + known["query_encode_ms"] / parts
    copies = max(1, math.ceil(wanted.qps * each_ms / 1000 / (BUSY * wanted.cores)))
    return KindPlan(
        kind,
        memory_bytes=total,
        file_bytes=of("file_bytes", wanted.passages),
        build_core_s=parts * of("build_s", wanted.passages / parts),
        query_ms=parts * share_ms,
        parts=parts,
        machines=parts * copies,
        bound_by="queries" if copies > 1 else "memory",
    )
