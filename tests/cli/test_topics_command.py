from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from themed_corpus import themed_texts
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of four themes, the configured one."""
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name=None, **_: WordEncoder())
    folder = tmp_path / "themes"
    with SearchEngine.open_or_create(folder, encoder=WordEncoder()) as engine:
        engine.add(themed_texts())
    monkeypatch.setenv("SEARCHKIT_INDEX", str(folder))
    return folder


@pytest.mark.usefixtures("index")
def test_topics_are_found_once_and_then_shown(run: Run) -> None:
    first = run("topics", "-n", "4")
    assert first.code == 0
    assert [line.split("\t")[0] for line in first.out.splitlines()] == ["1", "2", "3", "4"]
    assert first.err.startswith("80 chunks in 4 topics, ")
    assert run("topics").out == first.out
    assert run("topics", "-n", "2").err.startswith("80 chunks in 2 topics")
    assert not run("topics", "--again").err.startswith("80 chunks in 2 topics")


@pytest.mark.usefixtures("index")
def test_a_dry_run_keeps_nothing(run: Run) -> None:
    assert run("topics", "-n", "2", "--dry-run").code == 0
    assert not run("topics").err.startswith("80 chunks in 2 topics")


@pytest.mark.usefixtures("index")
def test_topics_as_json(run: Run) -> None:
    rows = json.loads(run("topics", "-n", "4", "--json").out)
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 0]
    assert sum(row["size"] for row in rows) == 80
    assert len(rows[0]["central"]) == 3
    assert {"label", "phrases", "group"} <= rows[0].keys()


@pytest.mark.usefixtures("index")
def test_topics_over_a_field(run: Run) -> None:
    outcome = run("topics", "-n", "4", "--over", "year")
    assert outcome.err.startswith("columns: topic, label, 2020, 2021, 2022\n")
    rows = json.loads(run("topics", "--over", "year", "--json").out)
    assert {name: sum(row["over"][name] for row in rows) for name in rows[0]["over"]} == {
        "2020": 28,
        "2021": 28,
        "2022": 24,
    }


@pytest.mark.usefixtures("index")
def test_an_unknown_field_lists_the_known_ones(run: Run) -> None:
    outcome = run("topics", "--over", "colour")
    assert outcome.code == 2
    assert "theme" in outcome.err


@pytest.mark.usefixtures("index")
def test_the_tree_shows_groups(run: Run) -> None:
    out = run("topics", "-n", "12", "--tree").out
    assert out.count("└") + sum(1 for line in out.splitlines() if line[0].isdecimal() and "└" not in line) == 12
    groups = json.loads(run("topics", "--tree", "--json").out)
    assert sorted(number for group in groups for number in group["topics"]) == list(range(1, 13))


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("words", "message"),
    [(["-n", "1000"], "1000 topics were asked for"), (["-n", "0"], "0 topics"), (["--method", "x"], "kmeans, density")],
)
def test_what_cannot_be_is_an_error(words: list[str], message: str, run: Run) -> None:
    outcome = run("topics", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_an_empty_index_is_an_error(tmp_path: Path, run: Run) -> None:
    with SearchEngine.open_or_create(tmp_path / "empty", encoder=WordEncoder()) as engine:
        engine.add([])
    outcome = run("topics", "-i", str(tmp_path / "empty"))
    assert outcome.code == 2
    assert "holds no chunks" in outcome.err
    assert "searchkit index" in outcome.err


@pytest.mark.usefixtures("index")
def test_a_query_is_asked_of_topics_by_number_or_label(run: Run) -> None:
    rows = json.loads(run("topics", "-n", "4", "--json").out)
    music = next(row for row in rows if "violin" in (row["label"] or "") or "piano" in (row["label"] or ""))
    ships = next(row for row in rows if row is not music and row["number"])

    def themes(*words: str) -> set[str]:
        hits = json.loads(run("query", "violin", "-k", "99", "--json", *words).out)
        return {hit["metadata"]["theme"] for hit in hits}

    assert themes("--topic", str(music["number"])) == themes("--topic", music["label"]) == {"music"}
    assert len(themes("--topic", str(music["number"]), "--topic", str(ships["number"]))) == 2
    assert len(themes()) == 4
    unknown = run("query", "violin", "--topic", "submarines")
    assert unknown.code == 2
    assert f"{music['number']} {music['label']}" in unknown.err


@pytest.mark.usefixtures("index")
def test_a_topic_before_there_are_any_names_the_command(run: Run) -> None:
    done = run("query", "violin", "--topic", "music")
    assert done.code == 2
    assert "hint: find them once: searchkit topics" in done.err


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tree", "--over", "year"], "choose one of --tree and --over"),
        (["--min-size", "1", "--method", "density"], "1 is too small; expected at least 2"),
        (["--min-size", "3"], "method 'kmeans' knows no smallest topic; least_size is 3"),
        (["--seed", "-1"], "-1 is too small; expected at least 0"),
    ],
)
def test_options_that_cannot_be_are_told(words: list[str], message: str, run: Run) -> None:
    outcome = run("topics", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
