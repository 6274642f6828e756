from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import InputError
from searchkit.evaluation import rbo

RANKINGS = st.lists(st.integers(0, 12), unique=True, max_size=10)


def supposed(one: Sequence[object], other: Sequence[object], p: float) -> float:
    """The sum that equation 32 is the closed form of: the shorter ranking is supposed to agree beyond its end as often
    as down to it, and both beyond the end of the longer one as often as there."""
    short, long = sorted((one, other), key=len)
    at_end = len(set(short) & set(long))
    at_short = len(set(short) & set(long[: len(short)]))
    total, agreement = 0.0, 0.0
    for depth in range(1, 3000):
        if depth <= len(long):
            common = len(set(short[:depth]) & set(long[:depth]))
            unseen = max(0, depth - len(short))
            agreement = (common + at_short / len(short) * unseen) / depth
        else:
            agreement = (at_end + at_short / len(short) * (len(long) - len(short))) / len(long)
        total += (1 - p) * agreement * p ** (depth - 1)
    return total


def test_the_same_ranking_overlaps_wholly_and_a_foreign_one_not_at_all() -> None:
    assert rbo("abc", "abc") == pytest.approx(1)
    assert rbo("abc", "xyz") == 0


def test_two_swapped_items_by_hand() -> None:
    """ab and ba: agreement 0 at depth 1, 1 from depth 2 on. 0 + (1 - p)(p + p^2 + ...) = p."""
    assert rbo("ab", "ba", p=0.9) == pytest.approx(0.9)
    assert rbo("ab", "ba", p=0.5) == pytest.approx(0.5)


def test_a_change_at_the_end_by_hand() -> None:
    """abc and abd: agreement 1, 1, then 2/3 for ever. (1 - p)(1 + p) + p^2 2/3 = 1 - p^2 / 3."""
    assert rbo("abc", "abd", p=0.9) == pytest.approx(1 - 0.81 / 3)


def test_rankings_of_different_length_by_hand() -> None:
    """a and ab, the shorter one a perfect start of the longer: agreement 1, then (1 + 1) / 2, for ever: 1.

    x and ab: nothing in common, nothing supposed: 0. b and ab, p = 1/2: agreement 0 at depth 1, and 1/2 from depth 2
    on, so 1/2 (p) = 1/4.
    """
    assert rbo("a", "ab") == pytest.approx(1)
    assert rbo("x", "ab") == 0
    assert rbo("b", "ab", p=0.5) == pytest.approx(0.25)


@given(RANKINGS.filter(bool), RANKINGS.filter(bool), st.sampled_from([0.3, 0.8, 0.9]))
def test_the_closed_form_is_the_sum_it_stands_for(one: list[int], other: list[int], p: float) -> None:
    assert rbo(one, other, p=p) == pytest.approx(supposed(one, other, p), abs=1e-9)
    assert rbo(one, other, p=p) == rbo(other, one, p=p)
    assert -1e-12 <= rbo(one, other, p=p) <= 1 + 1e-12


def test_empty_rankings_are_alike_and_unlike_any_other() -> None:
    assert rbo("", "") == 1
    assert rbo("", "a") == rbo("a", "") == 0


def test_what_is_no_ranking_or_no_probability_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        rbo("aa", "ab")
    for p in (0, 1, float("nan")):
        with pytest.raises(InputError, match="expected a probability"):
            rbo("a", "a", p=p)
