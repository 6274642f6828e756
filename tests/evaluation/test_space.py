from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from searchkit.errors import EvaluationError, InputError, ShapeError
from searchkit.evaluation import (
    ScoredPair,
    StsSet,
    alignment,
    effective_rank,
    evaluate_space,
    hubness,
    space,
    uniformity,
)

if TYPE_CHECKING:
    from searchkit.types import Rows


def sphere(count: int, dimension: int, seed: int = 0) -> Rows:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_alignment_by_hand() -> None:
    first = np.array([[1, 0], [1, 0]], np.float32)
    second = np.array([[1, 0], [0, 1]], np.float32)
    assert alignment(first, second) == pytest.approx((0 + 2) / 2)
    assert alignment(first, -first) == pytest.approx(4)


def test_constant_vectors_have_uniformity_zero() -> None:
    assert uniformity(np.tile(sphere(1, 8), (50, 1))) == pytest.approx(0, abs=1e-6)


def test_two_opposite_points_have_uniformity_minus_eight() -> None:
    assert uniformity(np.array([[1, 0], [-1, 0]], np.float32)) == pytest.approx(-2 * 4)


def test_an_even_sphere_has_uniformity_near_its_closed_form() -> None:
    # log E exp(-4 (1 - x.y)) with x.y about normal with variance 1/D: -4 + 16 / (2 D) = -4 + 8/D
    assert uniformity(sphere(2_000, 64)) == pytest.approx(-4 + 8 / 64, abs=0.01)


def test_uniformity_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sphere(100, 16)
    differences = rows[:, None].astype(float) - rows[None]
    potential = np.exp(-2 * (differences**2).sum(axis=2))
    monkeypatch.setattr(space, "BLOCK_ROWS", 7)
    assert uniformity(rows) == pytest.approx(np.log((potential.sum() - 100) / (100 * 99)), abs=1e-6)


def test_effective_rank_of_known_spectra() -> None:
    assert effective_rank(np.tile(sphere(1, 8), (5, 1))) == pytest.approx(1, abs=1e-6)
    assert effective_rank(np.eye(6, dtype=np.float32)) == pytest.approx(6)
    # singular values 2 and 1: shares 2/3 and 1/3, entropy log 3 - 2/3 log 2
    rows = np.array([[2, 0, 0], [0, 1, 0]], np.float32)
    assert effective_rank(rows) == pytest.approx(3 / 2 ** (2 / 3))


def test_a_ring_has_no_hubs_and_a_centre_is_one() -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert hubness(ring, k=2) == 0
    lifted = np.hstack([0.5 * ring, np.full((24, 1), np.sqrt(0.75))]).astype(np.float32)
    with_centre = np.vstack([lifted, [[0, 0, 1]]]).astype(np.float32)
    spread = with_centre[[*range(0, 24, 6), 24]]  # four far corners, and a point that is nearest to each
    assert hubness(spread, k=1) > 1


def test_equal_rows_are_counted_without_themselves() -> None:
    assert np.isfinite(hubness(np.tile(sphere(1, 4), (9, 1)), k=3))


def test_hubness_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sphere(60, 8)
    whole = hubness(rows, k=5)
    monkeypatch.setattr(space, "BLOCK_ROWS", 11)
    assert hubness(rows, k=5) == whole


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ShapeError):
        alignment(sphere(3, 4), sphere(2, 4))
    with pytest.raises(ShapeError):
        uniformity(sphere(1, 4))
    with pytest.raises(InputError, match="expected 1 to 2"):
        hubness(sphere(3, 4), k=3)


def test_positives_are_the_pairs_above_four(encoder: Callable[..., Any]) -> None:
    words = [f"word{number}" for number in range(13)]
    pairs = [ScoredPair(one, two, 5.0 if one == "word0" else 4.0) for one, two in pairwise(words)]
    report = evaluate_space(encoder(), StsSet("made up", tuple(pairs)))
    assert (report.sentences, report.positives) == (13, 1)
    with pytest.raises(EvaluationError, match="no pair with a score above 4"):
        evaluate_space(encoder(), StsSet("made up", tuple(pairs[1:])))
