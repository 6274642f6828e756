from __future__ import annotations

import numpy as np

from searchkit.index.halves import widened


def test_every_finite_float16_keeps_its_value() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 2)
    wide = widened(finite)
    np.testing.assert_array_equal(wide.view(np.uint32), finite.astype(np.float32).view(np.uint32))  # -0.0 too


def test_float32_rows_are_left_alone() -> None:
    rows = np.ones((2, 3), np.float32)
    assert widened(rows) is rows


def test_rows_need_not_lie_side_by_side() -> None:
    rows = np.arange(12, dtype=np.float16).reshape(3, 4)[:, ::2]
    np.testing.assert_array_equal(widened(rows), [[0, 2], [4, 6], [8, 10]])
