from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import IndexFolder
from searchkit.search.acknowledged import writing
from searchkit.search.reports import IndexReport, Refusal

Run = Callable[..., Any]
BAD = Refusal("docs/a.pdf", "damaged")
REPORTS = (
    IndexReport(2, 0, 0, 0, (BAD,), 3, 2, 0.4),
    IndexReport(0, 1, 1, 0, (BAD, Refusal("docs/b.pdf", "empty")), 0, 0, 0.1),
)


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name=None, **_: WordEncoder())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "docs"
    root.mkdir()
    (root / "apples.md").write_text("Apples grow on trees.\n")
    return root


@pytest.fixture
def _interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that tells of two runs, and is then ended by Ctrl-C."""

    def watch_paths(*_: object, **__: object) -> Iterator[IndexReport]:
        yield from REPORTS
        raise KeyboardInterrupt

    monkeypatch.setattr(SearchEngine, "watch_paths", watch_paths)


@pytest.mark.usefixtures("docs", "_interrupted")
def test_a_line_a_run_until_it_is_interrupted(run: Run) -> None:
    done = run("index", "docs", "--watch")
    assert done.code == 0
    first, second = done.out.splitlines()
    assert first[8:] == " files: 2 new, 1 refused; chunks: 3 added, 2 encoded; 0.4 s"
    assert second[8:] == " files: 1 changed, 1 unchanged, 2 refused; 0.1 s"
    assert done.err.splitlines() == [
        "refused: docs/a.pdf: damaged",
        "watching docs; Ctrl-C ends it",
        "refused: docs/b.pdf: empty",
        "stopped; what was committed is kept",
    ]


@pytest.mark.usefixtures("docs", "_interrupted")
def test_a_json_object_a_run(run: Run) -> None:
    lines = run("index", "docs", "--watch", "--json").out.splitlines()
    assert [json.loads(line)["new"] for line in lines] == [2, 0]


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize("words", [["-"], ["docs", "--dry-run"], ["docs", "--strict"]])
def test_what_does_not_go_with_watch(words: list[str], run: Run) -> None:
    done = run("index", *words, "--watch")
    assert done.code == 2
    assert "--watch goes with folders and files" in done.err


@pytest.fixture
def indexed(docs: Path, run: Run) -> Path:
    assert run("index", "docs").code == 0
    return docs


def test_fresh_answers_from_the_files_as_they_are(indexed: Path, run: Run) -> None:
    (indexed / "dragons.md").write_text("Dragons breathe fire.\n")
    assert "dragons.md" not in run("query", "dragons", "--files").out
    done = run("query", "dragons", "--fresh", "--files", "-k", "1")
    assert done.out == "docs/dragons.md\n"
    assert done.err.startswith("fresh: files: 1 new, 1 unchanged; chunks: 1 added, 1 encoded; ")
    assert run("query", "dragons", "--fresh").err == "fresh: nothing changed\n"


def test_fresh_beside_another_writer_answers_from_what_is_there(indexed: Path, run: Run, tmp_path: Path) -> None:
    (indexed / "dragons.md").write_text("Dragons breathe fire.\n")
    with writing(IndexFolder(tmp_path / "index_data" / "default")):
        done = run("query", "apples", "--fresh", "--files")
    assert (done.code, done.out) == (0, "docs/apples.md\n")
    assert done.err.startswith("warning: answered from the index as it is: ")
    assert "is being written by process" in done.err


def test_fresh_tells_of_a_folder_that_is_gone(indexed: Path, run: Run, tmp_path: Path) -> None:
    indexed.rename(tmp_path / "away")
    done = run("query", "apples", "--fresh", "--files")
    assert done.out == "docs/apples.md\n"
    assert done.err.splitlines() == [
        f"note: {indexed} was not looked at: it is not there any more; what the index holds of it is kept",
        "fresh: nothing changed",
    ]
