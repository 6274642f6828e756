"""Rank correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rho of two equally long vectors, -1 to 1; equal values share the mean of their ranks.

    Returns:
        0.0 where one of them is constant: it ranks nothing (scipy gives NaN).

    Raises:
        ShapeError: they differ in length, or have fewer than two values.
        InputError: a value is not a number.

    Spearman 1904, "The Proof and Measurement of Association between Two Things"
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise ShapeError(f"shapes are {a.shape} and {b.shape}; expected two equal vectors of 2 values or more")
    if np.isnan(a).any() or np.isnan(b).any():
        raise InputError("a value is not a number, which has no rank")
    x, y = (ranks - ranks.mean() for ranks in (_ranks(a), _ranks(b)))
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = ((2 * last - counts + 1) / 2)[place]
    return ranks
