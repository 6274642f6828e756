from __future__ import annotations

import numpy as np
import pytest

from searchkit.errors import InputError, ShapeError
from searchkit.evaluation import spearman


def test_rho_by_hand() -> None:
    # ranks 1 2 3 4 against 1 3 2 4: rho = 1 - 6 * (0 + 1 + 1 + 0) / (4 * 15) = 0.8
    assert spearman([1, 5, 9, 90], [0, 7, 2, 8]) == pytest.approx(0.8)


def test_ties_are_ranked_as_scipy_ranks_them() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, 200), rng.integers(0, 40, 200)
    assert spearman(a, a + b) == pytest.approx(spearmanr(a, a + b).statistic, abs=1e-12)


def test_a_constant_ranks_nothing() -> None:
    assert spearman([1, 1, 1], [1, 2, 3]) == 0


@pytest.mark.parametrize(("first", "second"), [([1, 2], [1, 2, 3]), ([1], [1])])
def test_unequal_or_single_values_are_refused(first: list[int], second: list[int]) -> None:
    with pytest.raises(ShapeError):
        spearman(first, second)


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_not_a_number_has_no_rank(place: int) -> None:
    values = [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    values[place][1] = float("nan")
    with pytest.raises(InputError, match="not a number"):
        spearman(*values)
