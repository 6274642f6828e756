"""What every kind of index must do, compared with exact search in numpy by value."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count as numbers
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from searchkit.errors import IndexDamagedError, IndexStateError, InputError, ShapeError
from searchkit.index import KINDS, IdFilter, Neighbours, VectorIndex, build, from_file, write

DIMENSION = 24
COUNT = 3000
QUERIES = 40
IN_MEMORY = "exact, in memory"


def unit(rows: np.ndarray) -> np.ndarray:
    """Unit rows that float16 holds without loss, as the database stores them."""
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def in_batches(ids: np.ndarray, rows: np.ndarray, size: int = 512):
    for start in range(0, len(ids), size):
        yield ids[start : start + size], rows[start : start + size]


def cosines(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Every score in float64, rounded once."""
    queries = (queries / np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)).astype(np.float32)
    return np.stack([(rows.astype(np.float64) * query.astype(np.float64)).sum(axis=1) for query in queries]).astype(
        "f4"
    )


def reference(queries, ids, rows, k, keep=None) -> Neighbours:
    """The definition: all scores, sorted, then by id."""
    scores = np.full((len(queries), k), -np.inf, np.float32)
    found = np.full((len(queries), k), -1, np.int64)
    kept = np.ones(len(ids), bool) if keep is None else keep
    for place, own in enumerate(cosines(queries, rows[kept])):
        order = np.lexsort((ids[kept], -own))[:k]
        scores[place, : len(order)] = own[order]
        found[place, : len(order)] = ids[kept][order]
    return Neighbours(scores, found)


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)
    assert found.scores.dtype == np.float32
    assert found.ids.dtype == np.int64


def assert_answers(index: VectorIndex, found: Neighbours, expected: Neighbours) -> None:
    """The same as exact search; from an approximate kind as many of them as it was tuned to, each in its order.

    A place that was missed moves the later ones up, so scores are compared id by id.
    """
    if index.kind == "exact":
        assert_same(found, expected)
        return
    np.testing.assert_array_equal(found.ids >= 0, expected.ids >= 0)
    hits = [len(np.intersect1d(own[own >= 0], other)) for own, other in zip(found.ids, expected.ids, strict=True)]
    assert sum(hits) >= 0.97 * (expected.ids >= 0).sum()
    for place in range(len(found.ids)):
        true = dict(zip(expected.ids[place].tolist(), expected.scores[place].tolist(), strict=True))
        pairs = list(zip((-found.scores[place]).tolist(), found.ids[place].tolist(), strict=True))
        shown = [pair for pair in pairs if pair[1] >= 0]
        assert shown == sorted(shown)
        np.testing.assert_allclose(
            [-score for score, _ in shown], [true.get(c, -score) for score, c in shown], atol=1e-6
        )


class Make(Protocol):
    def __call__(self, batches: Iterable[tuple[np.ndarray, np.ndarray]], **options: object) -> VectorIndex: ...


@pytest.fixture(scope="module", params=[IN_MEMORY, *KINDS])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def file_kind(kind: str) -> str:
    if kind == IN_MEMORY:
        pytest.skip("no file")
    return kind


@pytest.fixture(scope="module")
def make(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder, number = tmp_path_factory.mktemp("indexes"), numbers()

    def made(batches: Iterable[tuple[np.ndarray, np.ndarray]], **options: object) -> VectorIndex:
        if kind == IN_MEMORY:
            return build(batches, DIMENSION)
        path = folder / f"{next(number)}.faiss"
        facts = write(kind, path, batches, DIMENSION, **options)  # type: ignore[arg-type]
        return from_file(facts.kind, path)

    return made


def texts(seed: int, count: int) -> np.ndarray:
    """Rows about sixty topics, as real texts have them."""
    topics = np.random.default_rng(0).standard_normal((60, DIMENSION))
    random = np.random.default_rng(seed)
    return unit(topics[random.integers(0, 60, count)] + 0.8 * random.standard_normal((count, DIMENSION)))


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return texts(1, COUNT)


@pytest.fixture(scope="module")
def ids() -> np.ndarray:
    """Ascending with gaps, as after deletions; the last is past 32 bits."""
    drawn = np.random.default_rng(2).choice(10 * COUNT, COUNT - 1, replace=False)
    return np.append(np.sort(drawn), 2**40).astype(np.int64)


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return 3 * texts(3, QUERIES)


@pytest.fixture(scope="module")
def index(make: Make, ids: np.ndarray, rows: np.ndarray) -> VectorIndex:
    return make(in_batches(ids, rows))


def test_index_says_what_it_holds(index: VectorIndex, kind: str, ids: np.ndarray) -> None:
    expected = "exact" if kind == IN_MEMORY else kind
    assert (index.kind, index.dimension, index.count) == (expected, DIMENSION, COUNT)
    assert (index.facts.kind, index.facts.count) == (expected, COUNT)
    np.testing.assert_array_equal(index.ids, ids)


@pytest.mark.parametrize("k", [1, 10, 300])
def test_nearest_are_those_of_exact_search(index, ids, rows, queries, k) -> None:
    assert_answers(index, index.search(queries, k), reference(queries, ids, rows, k))


def test_score_is_the_cosine_whatever_the_length_of_the_query(index, ids, rows, queries) -> None:
    short, long = index.search(queries * np.float32(1e-3), 5), index.search(queries * np.float32(300), 5)
    assert_answers(index, short, reference(queries, ids, rows, 5))
    assert_answers(index, long, reference(queries, ids, rows, 5))


def test_stored_row_finds_itself_with_cosine_one(index, ids, rows) -> None:
    scores, found = index.search(rows[::50], 1)
    np.testing.assert_array_equal(found[:, 0], ids[::50])
    np.testing.assert_allclose(scores, 1, atol=1e-3)


def test_answers_do_not_depend_on_how_many_queries_come_together(index, queries) -> None:
    together = index.search(np.concatenate([queries] * 8), 10)
    for place, query in enumerate(queries):
        alone = index.search(query[np.newaxis], 10)
        np.testing.assert_array_equal(together.scores[[place, -QUERIES + place]], np.repeat(alone.scores, 2, axis=0))
        np.testing.assert_array_equal(together.ids[[place, -QUERIES + place]], np.repeat(alone.ids, 2, axis=0))


@pytest.mark.parametrize("share", [0.99, 0.5, 0.01])
def test_filter_acts_before_the_cut(index, ids, rows, queries, share) -> None:
    keep = np.random.default_rng(4).random(COUNT) < share
    found = index.search(queries, 5, allowed=IdFilter(ids[keep]))
    assert_answers(index, found, reference(queries, ids, rows, 5, keep))
    assert np.isin(found.ids, ids[keep]).all()


def test_single_allowed_chunk_is_found_and_the_other_places_are_missing(index, ids, queries) -> None:
    scores, found = index.search(queries, 3, allowed=IdFilter.of([int(ids[17])]))
    np.testing.assert_array_equal(found, [[ids[17], -1, -1]] * QUERIES)
    assert np.isneginf(scores[:, 1:]).all()


def test_allowing_nothing_or_only_unknown_chunks_finds_nothing(index, queries) -> None:
    for allowed in (IdFilter.of([]), IdFilter.of([2**50, 2**51])):
        scores, found = index.search(queries, 2, allowed=allowed)
        assert (found == -1).all()
        assert np.isneginf(scores).all()


def test_removed_chunk_is_never_returned(index, ids, rows, queries) -> None:
    best = np.unique(index.search(queries, 20).ids)
    keep = ~np.isin(ids, best)
    found = index.search(queries, 20, excluded=best)
    assert_answers(index, found, reference(queries, ids, rows, 20, keep))
    assert np.isin(found.ids, ids[keep]).all()


def test_excluded_wins_over_allowed(index, ids, rows, queries) -> None:
    keep = np.zeros(COUNT, bool)
    keep[100:2400] = True
    keep[150:200] = False
    for k in (10, 2500):
        found = index.search(queries, k, allowed=IdFilter(ids[100:2400]), excluded=ids[150:200])
        assert_answers(index, found, reference(queries, ids, rows, k, keep))
        assert np.isin(found.ids[found.ids >= 0], ids[keep]).all()


def test_excluding_unknown_chunks_changes_nothing(index, queries) -> None:
    assert_same(index.search(queries, 4, excluded=np.array([2**45])), index.search(queries, 4))


@pytest.mark.parametrize("k", [1, 2, 49, 50, 51, 120])
def test_equal_rows_rank_by_id_also_at_the_cut(with_ties, queries, k) -> None:
    index, ids, rows = with_ties
    assert_same(index.search(queries[:1], k), reference(queries[:1], ids, rows, k))


@pytest.fixture(scope="module")
def with_ties(make, ids, rows, queries):
    """The first query's own row 150 times."""
    tied = rows.copy()
    tied[np.random.default_rng(5).permutation(COUNT)[:150]] = unit(queries[:1])
    return make(in_batches(ids, tied)), ids, tied


def test_index_of_equal_rows_gives_the_lowest_ids(make, ids, rows) -> None:
    index = make(in_batches(ids, np.repeat(rows[:1], COUNT, axis=0)))
    np.testing.assert_array_equal(index.search(rows[:1], 7).ids[0], ids[:7])
    np.testing.assert_array_equal(index.search(rows[:1], 7, excluded=ids[:3]).ids[0], ids[3:10])


def test_batches_do_not_change_the_index(make, ids, rows, queries, index) -> None:
    single = make(in_batches(ids, rows, size=1))
    np.testing.assert_array_equal(single.search(queries, 9).scores, index.search(queries, 9).scores)


def test_more_places_than_chunks_leaves_the_rest_missing(make, ids, rows, queries) -> None:
    index = make([(ids[:3], rows[:3])])
    found = index.search(queries, 8)
    assert_same(found, reference(queries, ids[:3], rows[:3], 8))
    assert (found.ids[:, 3:] == -1).all()


def test_no_queries_give_no_rows(index) -> None:
    scores, found = index.search(np.empty((0, DIMENSION), np.float32), 4)
    assert scores.shape == found.shape == (0, 4)


def test_empty_index_finds_nothing(make, queries) -> None:
    index = make([])
    assert (index.count, index.dimension) == (0, DIMENSION)
    assert (index.search(queries, 2).ids == -1).all()
    assert (index.search(queries, 2, allowed=IdFilter.of([1])).ids == -1).all()


@pytest.mark.parametrize("mmap", [True, False])
def test_file_is_read_or_mapped_with_the_same_answers(file, index, ids, queries, mmap: bool) -> None:
    again = from_file(index.kind, file, mmap=mmap)
    assert (again.count, again.dimension, again.facts) == (COUNT, DIMENSION, index.facts)
    for allowed in (None, IdFilter(ids[:2000])):
        before, after = index.search(queries, 10, allowed=allowed), again.search(queries, 10, allowed=allowed)
        np.testing.assert_array_equal(after.ids, before.ids)
        np.testing.assert_array_equal(after.scores, before.scores)


@pytest.fixture
def file(file_kind: str, ids: np.ndarray, rows: np.ndarray, tmp_path: Path) -> Path:
    write(file_kind, tmp_path / "v.faiss", in_batches(ids, rows, size=33), DIMENSION)
    return tmp_path / "v.faiss"


def test_open_index_outlives_its_file(file, index, queries) -> None:
    again = from_file(index.kind, file)
    file.unlink()
    np.testing.assert_array_equal(again.search(queries, 10).ids, index.search(queries, 10).ids)


def test_same_chunks_give_the_same_bytes(file, file_kind, ids, rows, tmp_path: Path) -> None:
    write(file_kind, tmp_path / "other", in_batches(ids, rows, size=1000), DIMENSION)
    assert (tmp_path / "other").read_bytes() == file.read_bytes()


def test_torn_file_is_refused_at_every_length(file, file_kind) -> None:
    whole = file.read_bytes()
    for length in (0, 3, 36, 40, 120, len(whole) // 2, len(whole) - 1, len(whole) + 1):
        file.write_bytes((whole + b"?")[:length])
        with pytest.raises(IndexDamagedError, match=r"v\.faiss"):
            from_file(file_kind, file)


def test_file_of_something_else_is_refused(file_kind, tmp_path: Path) -> None:
    path = tmp_path / "v.faiss"
    path.write_text("# Notes\n" * 50)
    with pytest.raises(IndexDamagedError, match=r"v\.faiss"):
        from_file(file_kind, path)


def test_missing_file_is_named(file_kind, tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match=r"gone\.faiss"):
        from_file(file_kind, tmp_path / "gone.faiss")


@pytest.mark.parametrize("k", [0, -1, True, 2.0])
def test_k_must_be_a_positive_count(index, queries, k) -> None:
    with pytest.raises(InputError, match="k is"):
        index.search(queries, k)


@pytest.mark.parametrize("kind_of_number", [np.int64, np.int8, np.uint8])
def test_k_may_be_any_whole_number(index, queries, kind_of_number) -> None:
    assert_same(index.search(queries, kind_of_number(120)), index.search(queries, 120))


def test_queries_of_another_dimension_are_refused(index) -> None:
    with pytest.raises(ShapeError, match=rf"\(2, 7\).*{DIMENSION}"):
        index.search(np.ones((2, 7), np.float32), 1)


@pytest.mark.parametrize("bad", [np.ones(DIMENSION, np.float32), np.ones((1, DIMENSION), np.int32), [[1.0]]])
def test_queries_must_be_a_matrix_of_floats(index, bad) -> None:
    with pytest.raises(ShapeError, match="queries"):
        index.search(bad, 1)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_query_without_direction_is_named(index, queries, bad) -> None:
    queries = queries.copy()
    queries[3] = bad
    with pytest.raises(InputError, match="query 3"):
        index.search(queries, 1)


def test_rows_that_are_not_unit_vectors_are_refused(make, ids, rows) -> None:
    for value in (0.0, 2.0, np.nan):
        spoiled = rows.copy()
        spoiled[40] = value
        with pytest.raises(InputError, match=f"chunk {ids[40]} "):
            make(in_batches(ids, spoiled))


def test_ids_must_ascend_over_all_batches(make, ids, rows) -> None:
    with pytest.raises(InputError, match="ascending"):
        make([(ids[5:6], rows[5:6]), (ids[5:6], rows[5:6])])
    with pytest.raises(InputError, match="ascending"):
        make([(ids[:2][::-1], rows[:2])])


def test_batch_of_another_shape_is_refused(make, ids, rows) -> None:
    for batch in ((ids[:2], rows[:3]), (ids[:2], rows[:2, :5]), (ids[:2].astype(np.int32), rows[:2])):
        with pytest.raises(ShapeError):
            make([batch])


def test_unknown_kind_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exact"):
        write("annoy", tmp_path / "x", [], DIMENSION)
    with pytest.raises(InputError, match="exact"):
        from_file("annoy", tmp_path / "x")


def test_folder_that_does_not_exist_is_named(file_kind, tmp_path: Path) -> None:
    with pytest.raises(IndexStateError, match="nowhere"):
        write(file_kind, tmp_path / "nowhere" / "v.faiss", [], DIMENSION)


@pytest.mark.parametrize("ids", [[3, 1], [1, 1], [-1, 2]])
def test_filter_refuses_ids_out_of_order(ids) -> None:
    with pytest.raises(InputError, match="allowed ids"):
        IdFilter(np.array(ids, np.int64))


def test_filter_can_be_made_of_any_integers() -> None:
    np.testing.assert_array_equal(IdFilter.of([5, 1, 5, 3]).ids, [1, 3, 5])
    assert len(IdFilter.of(range(4))) == 4
