from __future__ import annotations

import numpy as np
import pytest
from themed_corpus import blobs

from searchkit.errors import InputError
from searchkit.insight.neighbours import neighbour_graph


def test_the_exact_graph_is_that_of_all_pairs() -> None:
    rows, _ = blobs(4, 30)
    found = neighbour_graph(rows, 5)
    cosines = rows.astype(np.float64) @ rows.T
    np.fill_diagonal(cosines, -np.inf)
    assert found.is_exact
    np.testing.assert_allclose(found.cosines, -np.sort(-cosines, axis=1)[:, :5], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(cosines, found.places, axis=1), found.cosines, atol=1e-5)


def test_the_searched_graph_misses_little_and_is_the_same_every_time() -> None:
    rows, _ = blobs(10, 200)
    exact, found, again = neighbour_graph(rows, 10), *(neighbour_graph(rows, 10, exact_rows=100) for _ in range(2))
    assert not found.is_exact
    np.testing.assert_array_equal(found.places, again.places)
    shared = [len(set(one) & set(other)) for one, other in zip(exact.places, found.places, strict=True)]
    assert np.mean(shared) / 10 > 0.95


@pytest.mark.parametrize("exact_rows", [100, 10])
def test_no_row_is_its_own_neighbour_even_among_equal_ones(exact_rows: int) -> None:
    rows = np.tile(np.eye(1, 8, dtype=np.float32), (50, 1))
    found = neighbour_graph(rows, 3, exact_rows=exact_rows)
    assert not (found.places == np.arange(50)[:, np.newaxis]).any()
    assert (found.places >= 0).all()
    np.testing.assert_allclose(found.cosines, 1, atol=1e-6)


@pytest.mark.parametrize("k", [0, 4])
def test_as_many_neighbours_as_rows_is_an_error(k: int) -> None:
    with pytest.raises(InputError, match="1 to 3"):
        neighbour_graph(np.eye(4, dtype=np.float32), k)
