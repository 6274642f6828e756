from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from themed_corpus import themed_texts
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.cli.health import FIGURES

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.add([*themed_texts(each=30), {"id": "stray", "text": "zygote quark xenon"}])
    monkeypatch.setenv("SEARCHKIT_INDEX", str(tmp_path / "index"))
    return tmp_path / "index"


def test_health_is_a_figure_a_line(run: Run) -> None:
    outcome = run("health")
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == [name for name, _ in FIGURES]
    assert outcome.out.startswith("alignment\t-\t")
    assert outcome.err == "all 121 chunks, 0 neighbouring pairs\n"


def test_health_of_two_encoders(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name, **_: WordEncoder("2"))
    first, second = json.loads(run("health", "--model", "other", "--sample", "50", "--json").out)
    assert first["chunks"] == second["chunks"] == 50
    assert first["uniformity"] != second["uniformity"]
    assert len(run("health", "--model", "other").out.splitlines()[1].split("\t")) == 4


def test_outliers_for_people_and_programs(run: Run) -> None:
    outcome = run("outliers", "-n", "1")
    assert outcome.out.split("\t")[1] == "stray"
    assert "of 121 chunks below" in outcome.err
    assert json.loads(run("outliers", "--json").out)[0]["doc_id"] == "stray"


def test_without_outliers_the_exit_code_tells(run: Run, tmp_path: Path) -> None:
    with SearchEngine.open_or_create(tmp_path / "same", encoder=WordEncoder()) as engine:
        engine.add(["the same"] * 5)
    outcome = run("outliers", "-i", str(tmp_path / "same"))
    assert (outcome.code, outcome.out) == (1, "")
    assert run("health", "-i", str(tmp_path / "same")).code == 2
