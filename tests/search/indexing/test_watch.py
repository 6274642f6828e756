from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.documents import WalkOptions
from searchkit.errors import IndexLockedError, InputError, MissingExtraError, SearchkitError
from searchkit.search.indexing import watch as watch_module
from searchkit.search.indexing.watch import watch
from searchkit.search.reports import IndexReport, Refusal

PATIENCE_S = 120  # when a change was not seen the watch ends, and so does the test


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    guard = threading.Timer(PATIENCE_S, event.set)
    guard.start()
    yield event
    guard.cancel()
    event.set()


Watched = Callable[..., Iterator[IndexReport]]


@pytest.fixture
def watched(engine: SearchEngine, stop: threading.Event) -> Watched:
    """Watches paths for real; its first run is over."""

    def begin(*paths: Path, **options: object) -> Iterator[IndexReport]:
        reports = engine.watch_paths(paths, stop=stop, **options)
        next(reports)
        return reports

    return begin


def put(file: Path, text: str) -> None:
    """Writes a file in one step, so that no run meets it while it is empty."""
    made = file.parent.parent / f"{file.name}.new"  # beside what is watched
    made.write_text(text)
    made.replace(file)


def found(engine: SearchEngine, words: str) -> str | None:
    return engine.search(words, 1)[0].path


def until(reports: Iterator[IndexReport], is_done: Callable[[], bool]) -> None:
    while not is_done():
        next(reports)


def test_a_changed_file_is_indexed_again(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    reports = watched(docs)
    put(docs / "clocks.txt", "Dragons breathe fire.\n")
    assert next(reports).changed == 1
    assert found(engine, "dragons fire") == "docs/clocks.txt"


def test_an_editor_that_renames_and_one_that_replaces(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    reports = watched(docs)
    file, backup = docs / "clocks.txt", docs / "clocks.txt~"
    file.rename(backup)
    file.write_text("Dragons breathe fire.\n")
    backup.unlink()
    until(reports, lambda: found(engine, "dragons fire") == "docs/clocks.txt")
    assert [source.path for source in engine.sources("*.txt*")] == ["docs/clocks.txt"]

    (docs / ".clocks.txt.new").write_text("Whales sing songs.\n")
    (docs / ".clocks.txt.new").replace(file)
    until(reports, lambda: found(engine, "whales songs") == "docs/clocks.txt")


def test_new_folders_are_followed_and_removed_ones_leave(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    reports = watched(docs)
    (docs / "a" / "b").mkdir(parents=True)
    (docs / "a" / "b" / "dragons.md").write_text("Dragons breathe fire.\n")
    until(reports, lambda: found(engine, "dragons fire") == "docs/a/b/dragons.md")
    (docs / "a" / "b" / "whales.md").write_text("Whales sing songs.\n")
    until(reports, lambda: found(engine, "whales songs") == "docs/a/b/whales.md")
    shutil.rmtree(docs / "a")
    until(reports, lambda: len(engine.sources("docs/a/**")) == 0)
    assert engine.status().sources == 3


def test_one_file_may_be_watched_and_replaced(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    file = docs / "clocks.txt"
    reports = watched(file)
    for words in ("Dragons breathe fire.", "Whales sing songs."):
        (docs / "new").write_text(words)
        (docs / "new").replace(file)
        until(reports, lambda words=words: engine.search(words, 1)[0].text == words)
    assert engine.status().sources == 1


def test_a_folder_that_another_one_replaces_is_followed_on(
    engine: SearchEngine, docs: Path, watched: Watched, tmp_path: Path
) -> None:
    reports = watched(docs)
    docs.rename(tmp_path / "old")
    docs.mkdir()
    (docs / "dragons.md").write_text("Dragons breathe fire.\n")
    until(reports, lambda: [source.path for source in engine.sources()] == ["docs/dragons.md"])
    (docs / "whales.md").write_text("Whales sing songs.\n")
    until(reports, lambda: found(engine, "whales songs") == "docs/whales.md")


def test_ignore_files_are_obeyed_and_their_changes_seen(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    reports = watched(docs)
    put(docs / ".searchkitignore", "guide/\n")
    assert next(reports).removed == 2
    (docs / "guide" / "more.md").write_text("Nobody reads this.\n")
    (docs / "dragons.md").write_text("Dragons breathe fire.\n")
    until(reports, lambda: engine.status().sources == 2)
    assert {source.path for source in engine.sources()} == {"docs/clocks.txt", "docs/dragons.md"}


def test_a_file_that_cannot_be_read_does_not_end_it(engine: SearchEngine, docs: Path, watched: Watched) -> None:
    reports = watched(docs)
    put(docs / "half.ipynb", '{"cells": [')
    assert [refusal.path for refusal in next(reports).refused] == ["docs/half.ipynb"]
    (docs / "half.ipynb").write_text('{"cells": [{"cell_type": "markdown", "source": "Dragons"}], "nbformat": 4}')
    until(reports, lambda: engine.status().sources == 4)
    assert engine.status().refused == 0


def test_between_runs_others_may_write(engine: SearchEngine, docs: Path, watched: Watched, folder: Path) -> None:
    reports = watched(docs)
    with SearchEngine.open(folder, encoder=WordEncoder()) as other:
        other.add([{"id": "mine", "text": "Dragons breathe fire."}])
    put(docs / "whales.md", "Whales sing songs.\n")
    assert next(reports).new == 1
    assert engine.search("dragons fire", 1)[0].doc_id == "mine"


def test_a_path_that_is_not_there_at_first_is_an_error(engine: SearchEngine, docs: Path) -> None:
    with pytest.raises(InputError, match="nothing-here does not exist"):
        engine.watch_paths([docs, docs / "nothing-here"])


def test_without_the_library_the_extra_is_named(
    engine: SearchEngine, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[watch\]"):
        next(engine.watch_paths([docs]))


# --- what starts a run, with changes made by hand

IDLE = IndexReport(0, 0, 1, 0, (), 0, 0, 0.0)


class Bench:
    """A watch whose events are given, and whose runs are counted."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.notices, self.runs = root, list[str](), 0
        self.outcomes: list[IndexReport | Exception] = []
        self._stop = threading.Event()
        self._events: list[set[tuple[object, str]]] = []
        monkeypatch.setattr(watch_module, "_events", lambda *_: self._give())
        monkeypatch.setattr(watch_module, "BEAT_MS", 1)

    def _give(self) -> Iterator[set[tuple[object, str]]]:
        yield set()  # what watchfiles gives at the first beat
        while self._events:
            yield self._events.pop(0)
        self._stop.set()

    def run(self, _: Sequence[Path]) -> IndexReport:
        self.runs += 1
        outcome = self.outcomes.pop(0) if self.outcomes else IDLE
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def notice(self, message: str) -> None:
        self.notices.append(message)

    def go(self, *events: Sequence[str], walking: WalkOptions | None = None) -> list[IndexReport]:
        self._events = [{(2, str(self.root / name)) for name in names} for names in events]
        return list(
            watch(
                self.run,
                [self.root],
                walking=walking or WalkOptions(),
                aside=self.root / "index",
                notice=self.notice,
                stop=self._stop,
            )
        )


@pytest.fixture
def bench(docs: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(docs, monkeypatch)


FIRST = 2  # the first run, and one for what changed until watching had begun


def test_a_burst_is_one_run(bench: Bench) -> None:
    bench.go([f"{number}.txt" for number in range(5000)])
    assert bench.runs == FIRST + 1


@pytest.mark.parametrize(
    ("name", "options", "runs"),
    [
        ("a.txt", WalkOptions(), 1),
        ("index/searchkit.db-wal", WalkOptions(), 0),
        ("index-of-things.md", WalkOptions(), 1),
        (".git/index.lock", WalkOptions(hidden=True), 0),
        (".secret", WalkOptions(), 0),
        (".secret", WalkOptions(hidden=True), 1),
        ("a/node_modules/b.js", WalkOptions(), 0),
        ("a/.gitignore", WalkOptions(), 1),
        ("a/.gitignore", WalkOptions(use_ignore_files=False), 0),
        (".git/.gitignore", WalkOptions(), 0),
        ("", WalkOptions(), 1),
    ],
)
def test_what_is_left_out_by_its_name_starts_no_run(bench: Bench, name: str, options: WalkOptions, runs: int) -> None:
    bench.go([name], walking=options)
    assert bench.runs == FIRST + runs


def test_a_run_that_changed_nothing_is_not_told(bench: Bench) -> None:
    changed = IndexReport(0, 1, 0, 0, (), 1, 1, 0.0)
    refused = IndexReport(0, 0, 1, 0, (Refusal("a.pdf", "damaged"),), 0, 0, 0.0)
    bench.outcomes = [IDLE, IDLE, changed, IDLE, refused, refused, IDLE]
    assert bench.go(*[["a.txt"]] * 5) == [IDLE, changed, refused, IDLE]


def test_another_writer_is_waited_for_and_named_once(bench: Bench) -> None:
    locked = IndexLockedError("the index is being written by process 7")
    bench.outcomes = [locked, locked, locked, IDLE]
    assert bench.go([], [], []) == [IDLE]
    assert bench.notices == ["waiting: the index is being written by process 7"]


def test_a_path_that_goes_is_told_once_and_waited_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"

    def come_back(message: str) -> None:
        bench.notices.append(message)
        away.rename(bench.root)

    def leave(_: Sequence[Path]) -> IndexReport:
        bench.runs += 1
        if bench.runs == 1:
            bench.root.rename(away)
        return IDLE

    monkeypatch.setattr(bench, "run", leave)
    monkeypatch.setattr(bench, "notice", come_back)
    bench.go([], [])
    assert bench.notices == [f"{bench.root} is gone; waiting for it"]
    assert bench.runs > 1


def test_what_the_system_cannot_watch_is_an_error_with_a_way_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Iterator[set[tuple[object, str]]]:
        raise OSError(28, "OS file watch limit reached")
        yield

    monkeypatch.setattr(watch_module, "_events", refuse)
    with pytest.raises(SearchkitError, match=r"limit reached.*WATCHFILES_FORCE_POLLING"):
        bench.go()
