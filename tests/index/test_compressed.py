from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from searchkit.index import IdFilter, build, from_file, write
from searchkit.index.compressed import CompressedIndex
from searchkit.index.exact import ExactIndex
from searchkit.index.scanner import Scanner

DIMENSION = 48
COUNT = 6000


def texts(seed: int, count: int) -> np.ndarray:
    topics = np.random.default_rng(0).standard_normal((80, DIMENSION))
    random = np.random.default_rng(seed)
    rows = topics[random.integers(0, 80, count)] + random.standard_normal((count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return texts(1, COUNT)


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return texts(2, 60).astype(np.float32)


@pytest.fixture(scope="module", params=["pq", "ivf"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CompressedIndex]:
    def made(rows: np.ndarray, target: float = 0.99) -> CompressedIndex:
        path = tmp_path_factory.mktemp("index") / "v"
        batch = np.arange(len(rows), dtype=np.int64), rows
        write(request.param, path, [batch], DIMENSION, target_recall=target)
        index = from_file(request.param, path)
        assert isinstance(index, CompressedIndex)
        return index

    return made


@pytest.fixture(scope="module")
def index(make, rows: np.ndarray) -> CompressedIndex:
    return make(rows)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which way each search went: a scan of codes for so many candidates, or through the rows."""
    seen: list[str] = []
    scan, nearest = Scanner.scan, ExactIndex.nearest

    def scanned(self, queries, wanted, probes, selection=None):
        seen.append(f"scan {wanted}")
        return scan(self, queries, wanted, probes, selection)

    def went_through(self, unit, k, selection):
        seen.append("rows")
        return nearest(self, unit, k, selection)

    monkeypatch.setattr(Scanner, "scan", scanned)
    monkeypatch.setattr(ExactIndex, "nearest", went_through)
    return seen


def test_plain_search_is_one_scan(index, queries, ways) -> None:
    index.search(queries, 10)
    assert ways == [f"scan {index.facts.parameters['candidates']}"]


def test_few_allowed_rows_are_all_read(index, rows, queries, ways) -> None:
    allowed = IdFilter(np.arange(0, COUNT, 20, dtype=np.int64))
    found = index.search(queries, 10, allowed=allowed)
    assert ways == ["rows"]
    true = build([(allowed.ids, rows[allowed.ids])], DIMENSION).search(queries, 10)
    np.testing.assert_array_equal(found.ids, true.ids)
    np.testing.assert_array_equal(found.scores, true.scores)


def test_most_of_the_rows_as_places_are_found_by_reading_all(index, rows, queries, ways) -> None:
    found = index.search(queries, COUNT // 2)
    assert ways == ["rows"]
    true = build([(index.ids, rows)], DIMENSION).search(queries, COUNT // 2)
    np.testing.assert_array_equal(found.ids, true.ids)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.25])
def test_many_allowed_rows_are_scanned_with_the_recall_kept(index, rows, queries, ways, share) -> None:
    """Also where the filter leaves out just what is nearest: the rows of one half of the topics' directions."""
    scattered = np.random.default_rng(3).random(COUNT) < share
    near = rows.astype(np.float32) @ queries[0]
    far = near <= np.quantile(near, share)
    for chosen in (scattered, far):
        allowed = IdFilter(np.flatnonzero(chosen))
        ways.clear()
        found = index.search(queries, 10, allowed=allowed)
        assert ways[0].startswith("scan")
        assert np.isin(found.ids, allowed.ids).all()
        true = build([(allowed.ids, rows[allowed.ids])], DIMENSION).search(queries, 10)
        assert np.mean([np.isin(own, best).mean() for own, best in zip(found.ids, true.ids, strict=True)]) >= 0.97


def test_removed_rows_never_come_back_and_the_recall_is_kept(index, rows, queries, ways) -> None:
    gone = np.unique(index.search(queries[:30], 10).ids)
    found = index.search(queries, 10, excluded=gone)
    assert ways[-1].startswith("scan")
    assert not np.isin(found.ids, gone).any()
    kept = np.setdiff1d(index.ids, gone)
    true = build([(kept, rows[kept])], DIMENSION).search(queries, 10)
    assert np.mean([np.isin(own, best).mean() for own, best in zip(found.ids, true.ids, strict=True)]) >= 0.97


def test_text_that_the_corpus_repeats_is_answered_by_its_lowest_ids(make, rows, ways) -> None:
    """More equal rows than candidates: none of them may be returned by chance, so the search is widened."""
    repeated = rows.copy()
    copies = np.sort(np.random.default_rng(4).permutation(COUNT)[:1500])
    repeated[copies] = rows[5]
    index = make(repeated, target=0.5)
    ways.clear()
    found = index.search(rows[5:6].astype(np.float32), 20)
    assert len(ways) > 1
    np.testing.assert_array_equal(found.ids[0], np.union1d(copies, [5])[:20])


def test_scores_are_those_of_exact_search_to_the_bit(index, rows, queries) -> None:
    found = index.search(queries, 10)
    true = build([(index.ids, rows)], DIMENSION).search(queries, COUNT)
    for place in range(len(queries)):
        known = dict(zip(true.ids[place].tolist(), true.scores[place].tolist(), strict=True))
        assert [known[chunk] for chunk in found.ids[place].tolist()] == found.scores[place].tolist()
