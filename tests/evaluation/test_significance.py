from __future__ import annotations

import numpy as np
import pytest

from searchkit.errors import InputError, ShapeError
from searchkit.evaluation import paired_bootstrap


def test_a_constant_gain_is_certain() -> None:
    before = np.linspace(0, 0.5, 20)
    found = paired_bootstrap(before, before + 0.25, samples=200)
    assert (found.difference, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert found.p_value == pytest.approx(1 / 201)
    assert found.queries == 20


def test_no_change_is_no_finding() -> None:
    values = np.random.default_rng(1).random(30)
    found = paired_bootstrap(values, values, samples=200)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_the_interval_is_that_of_the_normal_law_for_many_queries() -> None:
    change = np.random.default_rng(2).normal(0.1, 1.0, 2_000)
    found = paired_bootstrap(np.zeros(2_000), change, samples=4_000)
    half = 1.96 * change.std() / np.sqrt(2_000)
    assert found.low == pytest.approx(change.mean() - half, abs=0.005)
    assert found.high == pytest.approx(change.mean() + half, abs=0.005)


def test_p_values_are_even_where_there_is_no_difference() -> None:
    rng = np.random.default_rng(3)
    values = [paired_bootstrap(np.zeros(60), rng.normal(0, 1, 60), samples=400).p_value for _ in range(200)]
    assert np.mean(np.array(values) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_queries_of_one_origin_count_as_one() -> None:
    change = np.repeat(np.random.default_rng(4).normal(0, 1, 12), 20)
    alone = paired_bootstrap(np.zeros(240), change, samples=500)
    together = paired_bootstrap(np.zeros(240), change, groups=[n // 20 for n in range(240)], samples=500)
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert together.difference == alone.difference


def test_the_same_seed_gives_the_same_bounds() -> None:
    before, after = np.random.default_rng(5).random((2, 40))
    assert paired_bootstrap(before, after, seed=7) == paired_bootstrap(before, after, seed=7)
    assert paired_bootstrap(before, after, seed=7) != paired_bootstrap(before, after, seed=8)


def test_wrong_input_is_refused() -> None:
    ones = np.ones(3)
    with pytest.raises(ShapeError, match="two equal vectors"):
        paired_bootstrap(ones, np.ones(2))
    with pytest.raises(ShapeError, match="2 groups for 3"):
        paired_bootstrap(ones, ones, groups=[1, 2])
    with pytest.raises(InputError, match="no queries"):
        paired_bootstrap(np.ones(0), np.ones(0))
    with pytest.raises(InputError, match="finite"):
        paired_bootstrap(ones, np.array([1, np.nan, 1]))
    with pytest.raises(InputError, match="confidence"):
        paired_bootstrap(ones, ones, confidence=95)
