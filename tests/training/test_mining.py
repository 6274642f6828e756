from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, MiningSettings, Row, mine_hard_negatives, train
from searchkit.training.recipe import Recipe

DEGREES = {"q": 0, "own": 10, "other own": 20, "twin": 11, "near": 30, "far": 60, "farther": 80, "q2": 200}


class Compass:
    """Texts are directions in the plane: the cosine of two is that of the angle between them."""

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        angles = np.radians([DEGREES.get(text, 200) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    encode_passages = encode_queries


PAIRS = [("q", "own"), ("q", "other own"), ("q2", "twin"), ("q3", "near"), ("q4", "far"), ("q5", "farther")]
ROWS = [Row(pair) for pair in PAIRS]


def mined(rows: Sequence[Row] = ROWS, **settings: Any) -> set[str]:
    """Every negative that "q" gets for "own", over many seeds."""
    defaults = {"first_rank": 1, "last_rank": 10, "ceiling": 1.0}
    mining = MiningSettings(**{**defaults, **settings})
    return {mine_hard_negatives(rows, Compass(), mining, seed=seed)[0].texts[2] for seed in range(40)}


def test_other_answers_of_the_same_anchor_are_never_negatives() -> None:
    assert mined() == {"twin", "near", "far", "farther"}


def test_what_is_nearly_as_near_as_the_positive_is_left_alone() -> None:
    # cos 10 = .985, cos 11 = .982, cos 30 = .866: a share of .9 of the positive's is .886
    assert mined(ceiling=0.9) == {"near", "far", "farther"}


def test_window_counts_ranks_from_the_nearest() -> None:
    # own 10, twin 11, other own 20, near 30, far 60, farther 80
    assert mined(first_rank=4, last_rank=5) == {"near", "far"}


def test_rows_of_the_same_group_are_never_negatives() -> None:
    rows = [Row(pair, group="g" if pair[1] in ("own", "near") else str(n)) for n, pair in enumerate(PAIRS)]
    assert mined(rows) == {"twin", "far", "farther"}


def test_row_without_a_near_miss_gets_some_other_passage() -> None:
    assert mined(first_rank=1, last_rank=1) == {"twin", "near", "far", "farther"}


def test_rows_keep_their_order_and_texts() -> None:
    rows = mine_hard_negatives(ROWS, Compass(), MiningSettings(), seed=0)
    assert [row.texts[:2] for row in rows] == PAIRS


def test_pairs_that_all_answer_each_other_cannot_be_mined() -> None:
    with pytest.raises(TrainingError, match="no passage that is not an answer"):
        mine_hard_negatives(ROWS[:2], Compass(), MiningSettings(), seed=0)


def test_mined_source_trains_with_three_columns(
    make_recipe: Callable[..., Recipe], tmp_path: Path, triplet_file: Path
) -> None:
    data = DataSettings(path=triplet_file, kind=Kind.PAIRS, mine=MiningSettings())
    report = train(make_recipe(data, steps=2), tmp_path / "out")
    assert report.sentences == 2 * 3 * 8
    assert {len(row.texts) for row in report.sources[0].rows} == {3}
