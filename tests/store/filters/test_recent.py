"""Filters that were asked before are not asked again, but of what came since; answers are those of a first time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from searchkit.store import NewChunk, NewDocument, NewSource, StoredSettings, StoreReader, StoreWriter
from searchkit.store.filters import recent
from searchkit.store.filters.globs import path_matcher
from searchkit.store.filters.recent import RecentFilters, lasts
from searchkit.store.filters.since import modified_since
from searchkit.store.filters.where import BUILT_IN_FIELDS, compile_filter
from searchkit.store.filters.within import at_or_below
from searchkit.types import Chunk, Document

SETTINGS = StoredSettings("", "f" * 64, 2, 16, 16, 0, "")


def document(name: str, *, chunks: int = 1, **metadata: int) -> NewDocument:
    text = f"text of {name}"
    vector = np.array([1, 0], "<f2").tobytes()
    one = NewChunk(Chunk(text, 0, len(text), 1, 1), text.encode(), vector)
    return NewDocument(Document(name, text, metadata=metadata), (one,) * chunks)


def source(path: str, *, size: int = 1) -> NewSource:
    return NewSource(None, path, size, None, 5, "h", "digest")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "searchkit.db"


@pytest.fixture
def store(path: Path) -> Iterator[StoreWriter]:
    with closing(StoreWriter(path)) as writer:
        with writer.change():
            writer.save_settings(SETTINGS)
            for name in "abc":
                writer.put_document(document(name))
        yield writer


@pytest.fixture
def reader(store: StoreWriter, path: Path) -> Iterator[StoreReader]:  # noqa: ARG001 - which makes the database
    with closing(StoreReader(path)) as opened:
        yield opened


@pytest.fixture
def known(reader: StoreReader) -> RecentFilters:
    return RecentFilters(reader._connection)


class Counting:
    """Gives ids at first, and others of what came later; notes of what it was asked."""

    def __init__(self, *ids: int, later: tuple[int, ...] = ()) -> None:
        self.ids, self.later = ids, later
        self.asked: list[int] = []

    def __call__(self, after: int) -> np.ndarray:
        self.asked.append(after)
        return np.array(self.later if after else self.ids, dtype=np.int64)


def test_the_same_filter_is_asked_once(known: RecentFilters) -> None:
    one, other = Counting(1, 2), Counting(3)
    assert [known.of("one", one, lasting=True).tolist() for _ in range(3)] == [[1, 2]] * 3
    assert known.of("other", other, lasting=False).tolist() == [3]
    assert (one.asked, other.asked) == ([0], [0])


def test_what_is_remembered_cannot_be_changed(known: RecentFilters, store: StoreWriter) -> None:
    one = Counting(1)
    for _ in range(2):
        with pytest.raises(ValueError, match="read-only"):
            known.of("one", one, lasting=True)[0] = 2
        with store.change():
            store.put_document(document("d"))


def test_after_a_change_a_filter_is_asked_of_later_documents_alone(known: RecentFilters, store: StoreWriter) -> None:
    one, file = Counting(1, 3, later=(4,)), Counting(2)
    known.of("one", one, lasting=True)
    known.of("file", file, lasting=False)
    with store.change():
        store.put_document(document("a"))  # in the place of chunk 1
    assert [known.of("one", one, lasting=True).tolist() for _ in range(2)] == [[3, 4]] * 2
    assert known.of("file", file, lasting=False).tolist() == [2]
    assert (one.asked, file.asked) == ([0, 3], [0, 0])


@pytest.mark.parametrize("files", [(), ("before",), ("between",), ("after",), ("before", "after"), ("between", "lost")])
def test_chunks_that_are_gone_are_not_let_through_wherever_the_vectors_file_ends(
    reader: StoreReader, store: StoreWriter, files: tuple[str, ...]
) -> None:
    def write(moment: str) -> None:
        if moment in files:
            with store.change():
                store.set_generation(store.next_generation(), file="f", kind="exact", sha256="", size=0, vector_count=0)

    def allowed() -> list[int]:
        with reader.snapshot():
            return reader.allowed_ids(compile_filter("doc_id != 'x'", []), None).tolist()

    write("before")
    with store.change():
        store.put_document(document("d"))
    write("between")
    assert allowed() == [1, 2, 3, 4]
    with store.change():
        store.drop_documents(["b", "d"])
        store.put_document(document("e"))
    write("after")
    if "lost" in files:
        with store.change():
            store.clear_generation()
    assert allowed() == [1, 3, 5]


@pytest.mark.parametrize(("filters", "ids"), [(2, 100), (100, 4)])
def test_what_was_asked_longest_ago_is_forgotten_first(
    known: RecentFilters, monkeypatch: pytest.MonkeyPatch, filters: int, ids: int
) -> None:
    monkeypatch.setattr(recent, "MOST_FILTERS", filters)
    monkeypatch.setattr(recent, "MOST_IDS", ids)
    one, two, three = Counting(1, 2), Counting(3, 4), Counting(5, 6)
    for name, find in (("one", one), ("two", two), ("one", one), ("three", three), ("one", one), ("two", two)):
        known.of(name, find, lasting=True)
    assert [len(each.asked) for each in (one, two, three)] == [1, 2, 1]


def test_more_ids_than_are_kept_are_given_all_the_same(known: RecentFilters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_IDS", 1)
    many = Counting(1, 2, 3)
    assert [known.of("many", many, lasting=True).tolist() for _ in range(2)] == [[1, 2, 3]] * 2
    assert many.asked == [0, 0]


VALUES = {"path": "'a'", "title": "'a'", "doc_id": "'a'", "size": "1", "modified": "'2026'"}


@pytest.mark.parametrize("field", BUILT_IN_FIELDS)
@pytest.mark.parametrize("where", ["{0} = {1}", "NOT {0} IS NULL", "year = 1 OR (lang = 'en' AND {0} >= {1})"])
def test_what_a_file_says_of_itself_does_not_last_its_path_apart(field: str, where: str) -> None:
    condition = compile_filter(where.format(field, VALUES[field]), ["year", "lang"])
    assert lasts(condition) is (field not in {"size", "modified"})


def test_where_and_when_a_file_was_found_does_not_last() -> None:
    assert not lasts(at_or_below([(1, "docs")]))
    assert not lasts(at_or_below([(1, "")]))
    assert not lasts(modified_since("7d", datetime(2026, 1, 1)))
    assert lasts(None)


# --- any history


class Histories(RuleBasedStateMachine):
    """A database that changes under a reader, and beside it what a filter ought to let through, judged here."""

    names, years, places = st.sampled_from("abcdefgh"), st.integers(0, 3), st.sampled_from(["x/one", "x/two", "y/one"])

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        path = Path(self.open.enter_context(tempfile.TemporaryDirectory())) / "searchkit.db"
        self.store = self.open.enter_context(closing(StoreWriter(path)))
        with self.store.change():
            self.store.save_settings(SETTINGS)
        self.reader = self.open.enter_context(closing(StoreReader(path)))
        self.documents: dict[str, tuple[int, str | None]] = {}  # name: year, path
        self.sizes: dict[str, int] = {}

    def teardown(self) -> None:
        with self.open:
            self._check_all()

    @rule(name=names, year=years, chunks=st.integers(1, 2))
    def add(self, name: str, year: int, chunks: int) -> None:
        with self.store.change():
            self.store.put_document(document(name, chunks=chunks, year=year))
        self.documents[name] = year, None

    @rule(place=places, years=st.lists(years, max_size=3), size=st.integers(0, 3))
    def read_a_file(self, place: str, years: list[int], size: int) -> None:
        with self.store.change():
            file = self.store.begin_source(source(place, size=size))
            for number, year in enumerate(years):
                self.store.put_document(document(f"{place}#{number}", year=year), file=file)
            self.store.finish_source(file)
        self.documents = {name: it for name, it in self.documents.items() if it[1] != place}
        self.documents |= {f"{place}#{number}": (year, place) for number, year in enumerate(years)}
        self.sizes[place] = size

    @rule(name=names)
    def drop(self, name: str) -> None:
        with self.store.change():
            self.store.drop_documents([name])
        self.documents.pop(name, None)

    @rule(place=places)
    def drop_a_file(self, place: str) -> None:
        with self.store.change():
            self.store.drop_sources([place])
        self.documents = {name: it for name, it in self.documents.items() if it[1] != place}

    @rule()
    def write_a_vectors_file(self) -> None:
        with self.store.change():
            number, count = self.store.next_generation(), self.store.read.counts().chunks
            self.store.set_generation(number, file="f", kind="exact", sha256="", size=0, vector_count=count)

    @rule()
    def lose_the_vectors_file(self) -> None:
        with self.store.change():
            self.store.clear_generation()

    @rule()
    def give_room_back(self) -> None:
        self.store.return_room()

    @rule()
    def ask(self) -> None:
        self._check_all()

    @rule()
    def ask_again(self) -> None:
        self._check_all()

    def _check_all(self) -> None:
        for where, glob, judge in (
            ("year >= 2", None, lambda year, _: year >= 2),
            ("year = 1 OR path = 'x/one'", None, lambda year, place: year == 1 or place == "x/one"),
            ("NOT year = 0 AND size >= 2", None, lambda year, place: year != 0 and self.sizes.get(place, 0) >= 2),
            ("year < 2", "x/", lambda year, place: year < 2 and (place or "").startswith("x/")),
        ):
            self._check(where, glob, judge)

    def _check(self, where: str, glob: str | None, judge: Callable[[int, str | None], bool]) -> None:
        condition = compile_filter(where, ["year"])
        matches = None if glob is None else path_matcher(glob)
        expected = [name for name, (year, place) in self.documents.items() if judge(year, place)]
        ids = [chunk_id for name in expected for chunk_id in self.store.read.chunk_ids_of(name).tolist()]
        with self.reader.snapshot():
            assert self.reader.allowed_ids(condition, matches).tolist() == sorted(ids)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
