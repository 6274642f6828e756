from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from themed_corpus import themed_texts
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of four themes, the configured one, in the working folder."""
    monkeypatch.chdir(tmp_path)
    with SearchEngine.open_or_create(tmp_path / "themes", encoder=WordEncoder()) as engine:
        engine.add(themed_texts(each=8))
    monkeypatch.setenv("SEARCHKIT_INDEX", str(tmp_path / "themes"))


def test_the_map_is_one_file(run: Run) -> None:
    outcome = run("map", "--method", "pca")
    assert outcome.code == 0
    assert outcome.out.startswith("map.html: 32 chunks, ")
    assert Path("map.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_picture_may_be_drawn_beside_it(run: Run) -> None:
    pytest.importorskip("matplotlib")
    outcome = run("map", "here.html", "--3d", "--png", "there.png")
    assert [line.split(":")[0] for line in outcome.out.splitlines()] == ["here.html", "there.png"]
    assert Path("there.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "x"], "tsne, neighbours, pca"),
        (["--3d", "--method", "tsne"], "2 dimensions"),
        (["no/a.html"], "no"),
    ],
)
def test_what_cannot_be_is_an_error_and_writes_nothing(words: list[str], message: str, run: Run) -> None:
    outcome = run("map", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not list(Path().glob("*.html"))


@pytest.mark.parametrize("name", ["picture", "picture.unknown", "picture.PNG"])
def test_a_picture_is_written_under_the_name_that_was_given(name: str, run: Run) -> None:
    pytest.importorskip("matplotlib")
    outcome = run("map", "--method", "pca", "--png", name)
    assert outcome.code == 0, outcome.err
    assert Path(name).read_bytes().startswith(b"\x89PNG")


def test_page_and_picture_are_two_files(run: Run) -> None:
    pytest.importorskip("matplotlib")
    outcome = run("map", "both.html", "--png", str(Path("both.html").absolute()))
    assert outcome.code == 2
    assert "both page and picture" in outcome.err
    assert not Path("both.html").exists()
