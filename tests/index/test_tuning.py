from __future__ import annotations

import numpy as np
import pytest

from searchkit.index import tuning
from searchkit.index.tuning import Effort, Places, Trial, cheapest, places, share_found


def test_places_worked_by_hand() -> None:
    true = np.array([[7, 3], [5, 9]])
    candidates = np.array([[3, 8, 7, -1], [9, 1, 2, 4]])
    np.testing.assert_array_equal(places(true, candidates), [[2, 0], [4, 0]])
    assert share_found(true, candidates) == 0.75


def test_candidates_grow_with_the_places_wanted() -> None:
    effort = Effort(1, 100, 400)
    assert [effort.candidates_for(k) for k in (1, 10, 100, 250, 1000)] == [100, 100, 400, 1000, 4000]
    assert effort.candidates_for(32) == pytest.approx(202, abs=2)  # halfway in powers: 100 * 2
    numbers = [effort.candidates_for(k) for k in range(1, 300)]
    assert numbers == sorted(numbers)


def flat(ranks: list[list[int]]) -> Places:
    return Places(np.array(ranks), np.zeros((len(ranks), len(ranks[0])), np.int64))


def test_least_candidates_find_the_wanted_share() -> None:
    """The ranks 0 to 99: half of them need 50 candidates, rounded up by eights and one step more."""
    ten = flat(np.arange(100).reshape(10, 10).tolist())
    assert cheapest(ten, ten, np.array([1000.0]), 0.5).candidates == 64
    assert cheapest(ten, ten, np.array([1000.0]), 1.0).candidates == 112


def test_fewer_lists_are_read_where_that_costs_less_than_more_candidates() -> None:
    """All neighbours are in the first two of four lists. Two lists cost 20,000 rows; all four, 1,000,000."""
    ten = Places(np.full((8, 10), 30), np.tile(np.arange(10) % 2, (8, 1)))
    chosen = cheapest(ten, ten, np.array([1e4, 2e4, 5e5, 1e6]), 0.99)
    assert (chosen.probes, chosen.candidates) == (2, 40)


def test_target_out_of_reach_asks_for_everything() -> None:
    ten = flat([[5, tuning.MOST_CANDIDATES]] * 4)
    chosen = cheapest(ten, ten, np.array([10.0, 20.0]), 0.9)
    assert chosen == Effort(2, tuning.MOST_CANDIDATES, tuning.MOST_CANDIDATES)


def test_effort_is_kept_by_name() -> None:
    effort = Effort(3, 40, 400)
    assert Effort.of(effort.parameters()) == effort
    assert effort.raised().candidates > 40


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    random = np.random.default_rng(0)
    made = random.standard_normal((900, 20)) * np.linspace(2, 0.1, 20)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16)


def test_trial_is_always_the_same_and_its_neighbours_are_true(rows: np.ndarray) -> None:
    trial, again = Trial.of(rows), Trial.of(rows)
    np.testing.assert_array_equal(trial.queries, again.queries)
    assert trial.queries.shape == (tuning.QUERIES, 20)
    np.testing.assert_allclose(np.linalg.norm(trial.queries, axis=1), 1, atol=1e-6)
    cosines = trial.queries.astype(np.float64) @ rows.astype(np.float64).T
    best = -np.sort(-cosines, axis=1)
    np.testing.assert_allclose(np.take_along_axis(cosines, trial.nearest, axis=1), best[:, :10], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(cosines, trial.deep, axis=1), best[:, :100], atol=1e-6)


def test_queries_of_a_trial_are_no_rows_and_vary_as_the_rows_do(rows: np.ndarray) -> None:
    queries = Trial.of(rows).queries
    assert (queries @ rows.astype(np.float32).T).max(axis=1).mean() < 0.97
    assert queries[:, 0].std() > 5 * queries[:, -1].std()


def test_trial_of_few_rows_has_all_of_them_as_neighbours(rows: np.ndarray) -> None:
    assert Trial.of(rows[:6]).deep.shape == (tuning.QUERIES, 6)
