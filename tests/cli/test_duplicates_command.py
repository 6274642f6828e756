from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]
WORDS = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"a": WORDS, "b": f"{WORDS} more", "c": WORDS, "d": "boats"}
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.add([{"id": name, "text": text} for name, text in texts.items()])
    monkeypatch.setenv("SEARCHKIT_INDEX", str(tmp_path / "index"))


def test_groups_have_a_line_a_chunk(run: Run) -> None:
    outcome = run("duplicates")
    assert outcome.code == 0
    assert [line.split("\t")[::2] for line in outcome.out.splitlines()] == [["1", "a"], ["1", "b"], ["1", "c"]]
    assert outcome.err == "1 group at cosine 0.95: 2 of 4 chunks repeat another\n"


def test_pairs_and_groups_as_json(run: Run) -> None:
    (group,) = json.loads(run("duplicates", "--json").out)
    assert [passage["doc_id"] for passage in group["passages"]] == ["a", "b", "c"]
    (pair,) = json.loads(run("duplicates", "--pairs", "--json").out)
    assert pair["cosine"] > 0.95
    assert len(run("duplicates", "--pairs").out.splitlines()) == 1


def test_nothing_alike_is_told_by_the_exit_code(run: Run) -> None:
    run("rm", "a", "c")
    outcome = run("duplicates")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("no duplicates: no two of 2 chunks")


def test_a_threshold_out_of_range_is_an_error(run: Run) -> None:
    outcome = run("duplicates", "-t", "7")
    assert outcome.code == 2
    assert "threshold is 7" in outcome.err
