from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.training import DataSettings, Kind, Row, RunSettings, Source
from searchkit.training.schedule import build_optimizer, learning_rate, step_count

torch = pytest.importorskip("torch")


def rates(steps: int, warmup: float) -> list[float]:
    run = RunSettings(base="x", learning_rate=1.0, warmup=warmup)
    return [learning_rate(step, steps, run) for step in range(1, steps + 1)]


def test_rate_rises_linearly_and_falls_linearly() -> None:
    assert rates(8, 0.5) == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25])


def test_rate_without_warmup_falls_from_the_first_step_on() -> None:
    assert rates(4, 0.0) == pytest.approx([1.0, 0.75, 0.5, 0.25])


def test_rate_that_only_rises_is_possible() -> None:
    assert rates(4, 1.0) == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_steps_are_given_or_follow_from_the_rows() -> None:
    source = Source(DataSettings(path=Path("x.txt"), kind=Kind.UNSUP), (Row(("a",)),) * 100, 0, (), 0, "")
    assert step_count(RunSettings(base="x", steps=7), [source]) == 7
    assert step_count(RunSettings(base="x", batch_size=16, epochs=2), [source]) == 13
    assert step_count(RunSettings(base="x", batch_size=16, accumulate=2, epochs=2), [source, source]) == 13
    assert step_count(RunSettings(base="x", batch_size=512), [source]) == 1


def test_a_pass_is_a_pass_where_sources_set_their_own_batch_size() -> None:
    def source(rows: int, batch_size: int | None, weight: float) -> Source:
        settings = DataSettings(path=Path("x.txt"), kind=Kind.UNSUP, batch_size=batch_size, weight=weight)
        return Source(settings, (Row(("a",)),) * rows, 0, (), 0, "")

    run = RunSettings(base="x", batch_size=100)
    assert step_count(run, [source(100, 10, 1.0)]) == 10
    # three batches of 20 rows for one of 100: 40 rows a step on average
    assert step_count(run, [source(240, 20, 3.0), source(160, None, 1.0)]) == 10


def test_biases_and_frozen_weights_are_not_decayed() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2), torch.nn.Linear(2, 2))
    model[2].requires_grad_(False)
    decayed, rest = build_optimizer(model, RunSettings(base="x", weight_decay=0.1)).param_groups
    assert [tuple(weight.shape) for weight in decayed["params"]] == [(2, 3)]
    assert [tuple(weight.shape) for weight in rest["params"]] == [(2,)] * 3
    assert (decayed["weight_decay"], rest["weight_decay"]) == (0.1, 0.0)
