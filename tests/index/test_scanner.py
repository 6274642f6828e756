from __future__ import annotations

import io

import numpy as np
import pytest

from searchkit.index.codebook import Codebook
from searchkit.index.halves import widened
from searchkit.index.scanner import Scanner, write_codes
from searchkit.index.selection import Selection

DIMENSION = 30
COUNT = 2500
LISTS = 12


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    random = np.random.default_rng(0)
    topics = random.standard_normal((20, DIMENSION))
    return unit(topics[random.integers(0, 20, COUNT)] + random.standard_normal((COUNT, DIMENSION))).astype(np.float16)


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return unit(np.random.default_rng(1).standard_normal((25, DIMENSION))).astype(np.float32)


def codes_of(rows: np.ndarray, lists: int) -> np.ndarray:
    stream = io.BytesIO()
    write_codes(stream, rows, lists)
    return np.frombuffer(stream.getbuffer(), np.uint8)


@pytest.fixture(scope="module", params=[1, LISTS])
def scanner(request: pytest.FixtureRequest, rows: np.ndarray) -> Scanner:
    return Scanner(codes_of(rows, request.param))


@pytest.fixture(scope="module")
def decoded(rows: np.ndarray) -> np.ndarray:
    """(N, W): what the codes stand for, put together here."""
    book = Codebook.trained(widened(rows))  # as many as the scanner takes for its sample, so the same
    packed = book.encoded(widened(rows))
    values = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(rows), -1)
    scrambled = book.centroids()[np.arange(book.codes), values].reshape(len(rows), -1)
    restored = np.empty_like(scrambled)
    restored[:, book.order] = scrambled
    return restored[:, :DIMENSION]


def test_scores_are_those_of_the_decoded_rows(scanner: Scanner, decoded: np.ndarray, queries: np.ndarray) -> None:
    """FAISS adds table entries of 8 bits: 10 of them here, each off by at most half a step of 1/255 of its range."""
    scores, positions = scanner.scan(queries, 50, scanner.lists)
    true = np.take_along_axis(queries @ decoded.T, positions, axis=1)
    np.testing.assert_allclose(scores, true, atol=0.03)
    assert (np.diff(scores) <= 0).all()


def test_best_of_the_decoded_rows_are_found(scanner: Scanner, decoded: np.ndarray, queries: np.ndarray) -> None:
    _, positions = scanner.scan(queries, 200, scanner.lists)
    best = np.argsort(-(queries @ decoded.T), axis=1)[:, :50]
    assert np.mean([np.isin(own, found).mean() for own, found in zip(best, positions, strict=True)]) > 0.99


@pytest.mark.parametrize("share", [0.9, 0.3, 0.02])
def test_selected_rows_alone_are_found_with_the_scores_they_had(scanner, queries, share) -> None:
    """Compared with a scan of everything: FAISS dropped or misread selectors in some of its indexes."""
    chosen = np.random.default_rng(2).random(COUNT) < share
    all_scores, all_positions = scanner.scan(queries, COUNT, scanner.lists)
    scores, positions = scanner.scan(queries, COUNT, scanner.lists, Selection(chosen))
    for query in range(len(queries)):
        known = dict(zip(all_positions[query].tolist(), all_scores[query].tolist(), strict=True))
        found = positions[query][positions[query] >= 0]
        np.testing.assert_array_equal(np.sort(found), np.flatnonzero(chosen))
        np.testing.assert_array_equal(scores[query, : len(found)], [known[position] for position in found.tolist()])


def test_query_has_the_same_scores_alone_and_among_others(scanner: Scanner, queries: np.ndarray) -> None:
    together, _ = scanner.scan(queries, 40, scanner.lists)
    for place in range(len(queries)):
        alone, _ = scanner.scan(queries[place : place + 1], 40, scanner.lists)
        np.testing.assert_array_equal(together[place], alone[0])


def test_equal_rows_have_equal_scores(rows: np.ndarray, queries: np.ndarray) -> None:
    copies = rows.copy()
    copies[::5] = rows[7]
    scanner = Scanner(codes_of(copies, LISTS))
    scores, positions = scanner.scan(queries, COUNT, scanner.lists)
    for own, found in zip(scores, positions, strict=True):
        assert len(set(own[found % 5 == 0].tolist())) == 1


def test_fewer_lists_give_the_rows_of_the_nearest_ones(rows: np.ndarray, queries: np.ndarray) -> None:
    scanner = Scanner(codes_of(rows, LISTS))
    lists, order = scanner.list_of_rows(), scanner.nearest_lists(queries)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(LISTS), (len(queries), 1)))
    for probes in (1, 4):
        _, positions = scanner.scan(queries, COUNT, probes)
        for query, found in enumerate(positions):
            inside = np.flatnonzero(np.isin(lists, order[query, :probes]))
            np.testing.assert_array_equal(np.sort(found[found >= 0]), inside)


def test_each_row_is_in_the_list_of_its_nearest_centroid(rows: np.ndarray) -> None:
    scanner = Scanner(codes_of(rows, LISTS))
    np.testing.assert_array_equal(scanner.nearest_lists(widened(rows))[:, 0], scanner.list_of_rows())


def test_same_rows_give_the_same_bytes_whatever_the_threads(rows: np.ndarray) -> None:
    import faiss

    before, made = faiss.omp_get_max_threads(), []
    try:
        for threads in (1, 2, 3):
            faiss.omp_set_num_threads(threads)
            made.append(codes_of(rows, LISTS).tobytes())
            assert faiss.omp_get_max_threads() == threads
    finally:
        faiss.omp_set_num_threads(before)
    assert made[0] == made[1] == made[2]
