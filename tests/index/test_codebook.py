from __future__ import annotations

import numpy as np
import pytest

from searchkit.index.codebook import Codebook


def spread(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, dimension)) * random.uniform(0.2, 2, dimension)).astype(np.float32)


def test_levels_worked_by_hand() -> None:
    """Four groups of equal numbers: the four levels of the dimension that varies most are these numbers, and the two of
    the others are the means of the lower and the upper two groups, (0 + 1) / 2 and (6 + 7) / 2."""
    steps = np.repeat(np.array([0, 1, 6, 7], np.float32), 5)
    book = Codebook.trained(np.stack([10 * steps, steps, steps, 20 * steps, steps, steps], axis=1))
    np.testing.assert_array_equal(book.order.reshape(2, 3)[:, 0], [0, 3])
    np.testing.assert_array_equal(book.fine, [[0, 0], [10, 20], [60, 120], [70, 140]])
    np.testing.assert_array_equal(book.coarse, [[[0.5, 0.5]] * 2, [[6.5, 6.5]] * 2])


@pytest.mark.parametrize("dimension", [1, 5, 6, 24, 31])
def test_each_dimension_has_its_place_and_the_others_are_zero(dimension: int) -> None:
    rows = spread(50, dimension)
    book = Codebook.trained(rows)
    assert book.codes % 2 == 0
    np.testing.assert_array_equal(np.sort(book.order), np.arange(3 * book.codes))
    arranged = book.arranged(rows)
    np.testing.assert_array_equal(arranged[:, book.order < dimension], rows[:, book.order[book.order < dimension]])
    assert not arranged[:, book.order >= dimension].any()


@pytest.mark.parametrize("dimension", [5, 24])
def test_code_is_the_nearest_of_the_sixteen_as_faiss_finds_it(dimension: int) -> None:
    import faiss

    rows = spread(300, dimension, seed=1)
    book = Codebook.trained(rows[:200])
    quantizer = faiss.ProductQuantizer(len(book.order), book.codes, 4)
    faiss.copy_array_to_vector(book.centroids().ravel(), quantizer.centroids)
    np.testing.assert_array_equal(book.encoded(rows), quantizer.compute_codes(book.arranged(rows)))


def test_levels_lose_no_more_than_any_others_tried() -> None:
    """Moving all levels of one dimension by a little makes the squared error larger."""
    column = spread(2000, 1, seed=2)
    book = Codebook.trained(np.hstack([column * 9, *[column] * 5]))
    best = book.fine[:, 0]
    numbers = 9 * column[:, 0]

    def error(levels: np.ndarray) -> float:
        return float((np.abs(numbers[:, np.newaxis] - levels).min(axis=1) ** 2).mean())

    for moved in np.vstack([np.eye(4), -np.eye(4)]) * 0.1:
        assert error(best) < error(best + moved)


def test_dimension_that_never_varies_keeps_its_number() -> None:
    rows = np.hstack([spread(40, 5), np.full((40, 1), 0.25, np.float32)])
    book = Codebook.trained(rows)
    values = np.stack([book.encoded(rows) & 15, book.encoded(rows) >> 4], axis=2).reshape(40, -1)
    kept = book.centroids()[np.arange(book.codes), values].reshape(40, -1)
    np.testing.assert_array_equal(kept[:, book.order == 5], np.full((40, 1), 0.25))
