"""``searchkit plan`` says what `searchkit.scale.planner` works out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from searchkit.cli.plan import COLUMNS
from searchkit.scale.planner import Wanted, make_plan

Run = Callable[..., Any]
ASKED = ("--cores", "16", "--memory", "64")


def rows(out: str) -> dict[str, list[str]]:
    table = [line.split("\t") for line in out.splitlines() if "\t" in line]
    return {kind: cells for kind, *cells in table}


def test_as_json_it_is_the_plan_itself(run: Run) -> None:
    outcome = run("plan", "--passages", "50M", "--qps", "200", "--tokens", "100", "--dim", "768", *ASKED, "--json")
    expected = make_plan(Wanted(50_000_000, 768, qps=200, tokens=100, cores=16, memory_gb=64))
    assert json.loads(outcome.out) == json.loads(json.dumps(asdict(expected)))


def test_every_kind_has_a_row_under_the_columns_that_are_told(run: Run) -> None:
    outcome = run("plan", "--passages", "2M", *ASKED)
    assert outcome.code == 0
    assert set(rows(outcome.out)) == {"exact", "pq", "ivf"}
    assert all(len(cells) == len(COLUMNS) - 1 for cells in rows(outcome.out).values())
    assert f"columns: {', '.join(COLUMNS)}" in outcome.err


def test_machines_for_the_queries_and_for_the_memory_are_told_apart(run: Run) -> None:
    assert rows(run("plan", "--passages", "10K", *ASKED).out)["pq"][0] == "1"
    busy = run("plan", "--passages", "1M", "--qps", "50000", "--cores", "4", "--memory", "64")
    assert int(rows(busy.out)["pq"][0].replace(",", "")) > 1
    assert "a copy of the index" in busy.err
    large = run("plan", "--passages", "1B", *ASKED)
    parts, _, copies = rows(large.out)["exact"][0].partition(" x ")
    assert int(parts) > 1
    assert int(copies) >= 1
    assert "in N parts" in large.err


def test_what_is_beyond_the_measured_sizes_is_told(run: Run) -> None:
    assert "Drawn out" not in run("plan", "--passages", "200K", *ASKED).err
    assert "Drawn out" in run("plan", "--passages", "5B", *ASKED).err


def test_rows_that_are_read_from_disk_are_told(run: Run) -> None:
    assert "from disk" not in run("plan", "--passages", "1M", *ASKED).err
    assert "pq and ivf: the vectors file is larger" in run("plan", "--passages", "100M", *ASKED).err


def test_without_a_machine_it_is_this_one(run: Run) -> None:
    plan = json.loads(run("plan", "--passages", "1M", "--json").out)
    assert plan["wanted"]["cores"] >= 1
    assert plan["wanted"]["memory_gb"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--passages", "many"), "'many' is no count; expected such as 50M"),
        (("--passages", "0"), "passages is 0; expected above 0"),
        (("--passages", "1M", "--qps", "-3"), "qps is -3.0; expected above 0"),
        (("--passages", "1M", "--tokens", "0"), "tokens is 0.0; expected above 0"),
        (("--passages", "1M", "--memory", "0"), "memory gb is 0"),
    ],
)
def test_values_that_make_no_sense_are_named(words: tuple[str, ...], message: str, run: Run) -> None:
    outcome = run("plan", *words)
    assert outcome.code == 2
    assert message in outcome.err
