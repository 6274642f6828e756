"""``embed`` and ``index --from-shards`` as a user runs them, with the bundled encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

Run = Callable[..., Any]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "cats.md").write_text("# Cats\n\nCats sleep for most of the day.\n")
    (tmp_path / "notes" / "rust.txt").write_text("Iron rusts where it is wet.")
    (tmp_path / "notes" / "image.png").write_bytes(b"\x89PNG\x00")
    return tmp_path


@pytest.mark.usefixtures("notes")
def test_files_that_could_not_be_read_are_told_by_reason(run: Run, notes: Path) -> None:
    for number in range(3):
        (notes / "notes" / f"more{number}.png").write_bytes(b"\x89PNG\x00")
    assert "refused: 4 files, such as notes/image.png: binary, not text" in run("embed", "notes", "out").err


@pytest.mark.usefixtures("notes")
def test_workers_without_work_are_told(run: Run) -> None:
    assert (
        "note: 1 shard for 2 workers; more of them with --shard-size N"
        in run("embed", "notes", "out", "--concurrency", "2").err
    )
    assert "note:" not in run("embed", "notes", "out", "--concurrency", "2").err  # nothing was made


@pytest.mark.usefixtures("notes")
def test_shards_become_an_index_that_answers(run: Run) -> None:
    embedded = run("embed", "notes", "out")
    assert embedded.code == 0
    assert "3 files, 1 of them refused" in embedded.out
    assert "searchkit index --from-shards out" in embedded.out
    assert "refused: notes/image.png: binary, not text" in embedded.err
    taken = run("index", "--from-shards", "out", "--index", "new")
    assert taken.code == 0
    assert "2 added, 0 of them encoded" in taken.out
    found = run("query", "how long do pets rest", "--index", "new", "--json")
    assert json.loads(found.out)[0]["path"] == "notes/cats.md"


@pytest.mark.usefixtures("notes")
def test_embed_tells_its_counts_as_json(run: Run) -> None:
    report = json.loads(run("embed", "notes", "out", "--json").out)
    assert (report["counts"]["passages"], report["made"]) == (2, 1)
    assert json.loads(run("embed", "notes", "out", "--json").out)["made"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("embed", "out"), "expected sources, and last the folder of the shards"),
        (("embed", "nowhere", "out"), "nowhere does not exist"),
        (("embed", "notes", "out", "--dtype", "int8"), "dtype is 'int8'"),
        (("index", "--from-shards", "notes"), "has no manifest.json"),
        (("index", "--from-shards", "nowhere"), "there is nothing in"),
        (("index", "notes", "--from-shards", "out"), "or --from-shards OUT by itself"),
        (("index", "--from-shards", "out", "--dry-run"), "goes without --watch and --dry-run"),
        (("index",), "expected folders and files"),
    ],
)
def test_what_is_wrong_is_said(notes: Path, run: Run, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert not (notes / "out").exists()
