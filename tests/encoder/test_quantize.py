from __future__ import annotations

import numpy as np
import pytest

from searchkit.encoder.quantize import BLOCK, SMALLEST_BLOCK, round_blocks


@pytest.mark.parametrize("columns", [16, 32, 100, 384, 200])
def test_rounding_is_off_by_half_a_step_at_most(columns: int) -> None:
    weight = np.random.default_rng(0).standard_normal((7, columns)).astype(np.float32)
    numbers, scales, block = round_blocks(weight)
    restored = ((numbers.astype(np.float32) - 128) * scales[..., None]).reshape(7, -1)
    steps = np.repeat(scales, block, axis=1)[:, :columns]
    assert (np.abs(restored[:, :columns] - weight) <= steps * 0.5001).all()
    assert (restored[:, columns:] == 0).all()


def test_blocks_are_short_for_narrow_layers() -> None:
    assert round_blocks(np.ones((1, 384), np.float32))[2] == BLOCK
    assert round_blocks(np.ones((1, 48), np.float32))[2] == SMALLEST_BLOCK


def test_a_block_of_zeros_stays_zero() -> None:
    numbers, scales, _ = round_blocks(np.zeros((2, 32), np.float32))
    assert (numbers == 128).all()
    assert np.isfinite(scales).all()
