"""The plan is arithmetic on what was measured."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from searchkit.errors import InputError
from searchkit.scale.planner import BUSY, USABLE, Wanted, figures, make_plan, on_line, parse_count

ROWS = [
    {"count": 1000, "memory_bytes": 2000.0, "file_bytes": 10_000.0, "build_s": 1.0, "query_ms": 1.0},
    {"count": 2000, "memory_bytes": 4000.0, "file_bytes": 20_000.0, "build_s": 2.0, "query_ms": 1.5},
]
MEASURED = {
    "machine": "a machine",
    "measured": "2026-01-01",
    "dimension": 100,
    "kinds": {"pq": ROWS},
    "encode_s": [[20, 0.01], [200, 0.1]],
    "query_encode_ms": 5.0,
    "index_s": 0.001,
    "database": {"fixed_bytes": 300.0, "bytes_a_token": 8.0},
    "shards": {"fixed_bytes": 40.0, "bytes_a_token": 2.0},
}


def test_the_figures_of_a_plan_worked_by_hand() -> None:
    plan = make_plan(Wanted(4000, 100, qps=10, tokens=110, cores=4, memory_gb=1), MEASURED)
    assert plan.encode_core_s == pytest.approx(4000 * 0.055)  # half-way between 20 and 200 tokens
    assert plan.index_core_s == pytest.approx(4.0)
    assert plan.database_bytes == pytest.approx(4000 * (300 + 200 + 880))
    assert plan.shard_bytes == pytest.approx(4000 * (40 + 200 + 220))
    (kind,) = plan.kinds
    assert kind.memory_bytes == pytest.approx(8000)
    assert kind.query_ms == pytest.approx(2.5)  # 1.5 at 2,000 and 0.5 more for each thousand
    assert (kind.parts, kind.machines, kind.bound_by) == (1, 1, "memory")


def test_queries_take_copies() -> None:
    (kind,) = make_plan(Wanted(4000, 100, qps=1000, cores=4, memory_gb=1), MEASURED).kinds
    assert kind.machines == math.ceil(1000 * (2.5 + 5.0) / 1000 / (BUSY * 4))
    assert kind.bound_by == "queries"


def test_what_does_not_fit_one_memory_is_shared_out() -> None:
    (kind,) = make_plan(Wanted(4_000_000, 100, cores=64, memory_gb=0.002), MEASURED).kinds
    assert kind.parts == math.ceil(8_000_000 / (USABLE * 2_000_000))
    assert kind.machines == kind.parts


def test_other_dimensions_are_taken_in_proportion() -> None:
    one = make_plan(Wanted(4000, 100), MEASURED).kinds[0]
    two = make_plan(Wanted(4000, 200), MEASURED).kinds[0]
    assert (two.memory_bytes, two.query_ms) == (2 * one.memory_bytes, 2 * one.query_ms)


@pytest.mark.parametrize("x", [10.0, 20.0, 35.0, 1000.0])
def test_a_line_is_met_exactly(x: float) -> None:
    assert on_line([(10, 25), (20, 45), (30, 65)], x) == pytest.approx(2 * x + 5)


def test_a_bend_is_followed_at_the_measured_points() -> None:
    points = [(1.0, 1.0), (2.0, 3.0), (4.0, 4.0)]
    assert [on_line(points, x) for x, _ in points] == [y for _, y in points]
    assert on_line(points, 6) == pytest.approx(5.0)
    assert on_line([(2.0, 3.0)], 4.0) == 6.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("50M", 50_000_000),
        ("1.5m", 1_500_000),
        ("200K", 200_000),
        ("2B", 2 * 10**9),
        ("1,000,000", 10**6),
        ("7", 7),
        ("1e6", 10**6),
    ],
)
def test_counts_as_people_write_them(text: str, number: int) -> None:
    assert parse_count(text) == number


@pytest.mark.parametrize("text", ["", "M", "many", "-5", "1e", "5 T", "9" * 400])
def test_no_counts(text: str) -> None:
    with pytest.raises(InputError, match="is no count"):
        parse_count(text)


@pytest.mark.parametrize("name", ["passages", "dimension", "qps", "tokens", "cores", "memory_gb"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_values_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name.replace("_", " ")):
        Wanted(**{"passages": 10, name: value})  # type: ignore[arg-type]


def test_the_measured_sizes_are_foretold_as_they_were_measured() -> None:
    measured = figures()
    for kind, rows in measured["kinds"].items():
        for row in rows:
            plan = make_plan(Wanted(int(row["count"]), measured["dimension"], memory_gb=1000))
            (found,) = (each for each in plan.kinds if each.kind == kind)
            assert found.query_ms == pytest.approx(row["query_ms"])
            assert found.file_bytes == pytest.approx(row["file_bytes"])


def test_more_passages_never_take_less() -> None:
    plans = [make_plan(Wanted(count)) for count in (10**4, 10**5, 10**6, 10**7, 10**8, 10**9)]
    for less, more in pairwise(plans):
        assert more.encode_core_s > less.encode_core_s
        for few, many in zip(less.kinds, more.kinds, strict=True):
            assert many.machines >= few.machines
            assert many.file_bytes > few.file_bytes
