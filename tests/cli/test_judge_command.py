"""`judge` on a small index: by name, one by one, listed, and given out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda *_, **__: WordEncoder())
    with SearchEngine.open_or_create(tmp_path / "index") as engine:
        engine.add({"id": name, "text": f"{name} are here"} for name in ("apples", "boats", "clocks"))
    return str(tmp_path / "index")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person at a terminal types, line by line; then the end of input."""
    typed: list[str] = []

    def type_next(_prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("builtins.input", type_next)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return typed


def listed(run: Run, index: str) -> list[tuple[str, str, bool]]:
    rows = json.loads(run("judge", "--index", index, "--json").out)
    return [(row["query"], row["doc_id"], row["accepted"]) for row in rows]


def test_hits_are_judged_by_name_or_number(run: Run, index: str) -> None:
    outcome = run("judge", "fruit", "--accept", "apples", "--reject", "2", "--reject", "clocks", "--index", index)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].split("\t") == ["accepted", "fruit", "apples", "apples are here"]
    assert listed(run, index) == [("fruit", "apples", True), ("fruit", "boats", False), ("fruit", "clocks", False)]


def test_hits_are_shown_one_by_one_to_a_person(run: Run, index: str, answers: list[str]) -> None:
    answers += ["yes", "what?", "N", "s"]
    outcome = run("judge", "apples boats", "--index", index)
    assert outcome.code == 0
    assert "kept: 1 accepted, 1 rejected" in outcome.err
    found = listed(run, index)
    assert [one[2] for one in found] == [True, False]
    assert {one[1] for one in found} == {"apples", "boats"}


@pytest.mark.parametrize("typed", [["y", "q", "y"], ["y"]])
def test_what_was_said_before_the_end_is_kept(run: Run, index: str, answers: list[str], typed: list[str]) -> None:
    answers += typed
    assert run("judge", "apples", "--mode", "dense", "--index", index).code == 0
    assert listed(run, index) == [("apples", "apples", True)]


def test_without_a_person_somebody_has_to_say_it(run: Run, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    outcome = run("judge", "apples", "--index", index)
    assert outcome.code == 2
    assert "--accept" in outcome.err


def test_judgements_are_given_out_and_measured_on(run: Run, index: str, tmp_path: Path) -> None:
    for number in range(20):
        run("judge", f"apples {number}", "--accept", "apples", "--reject", "boats", "--index", index)
    out = str(tmp_path / "out")
    outcome = run("judge", "--export", out, "--index", index)
    assert outcome.code == 0
    assert f"wrote {out}: " in outcome.out
    assert json.loads(run("eval", "retrieval", out, "--mode", "dense", "--json").out)[0]["nDCG@10"] > 90


def test_options_that_do_not_go_together_are_told(run: Run, index: str, tmp_path: Path) -> None:
    assert run("judge", "--accept", "apples", "--index", index).code == 2
    assert run("judge", "fruit", "--export", str(tmp_path / "out"), "--index", index).code == 2
    outcome = run("judge", "fruit", "--accept", "nowhere", "--index", index)
    assert (outcome.code, "nowhere" in outcome.err) == (2, True)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_no_judgements_are_nothing_found(words: list[str], run: Run, index: str) -> None:
    outcome = run("judge", "--index", index, *words)
    assert (outcome.code, outcome.err) == (1, "no judgements\n")
    assert outcome.out == ("[]\n" if words else "")


@pytest.mark.usefixtures("answers")
def test_no_hits_to_judge_are_nothing_found(run: Run, index: str) -> None:
    outcome = run("judge", "zebras", "--mode", "lexical", "--index", index)
    assert (outcome.code, outcome.err) == (1, "no hits\n")


def test_a_long_row_of_digits_is_a_name_that_is_not_there(run: Run, index: str) -> None:
    outcome = run("judge", "fruit", "--accept", "9" * 5000, "--index", index)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")


def test_as_many_hits_are_shown_as_the_settings_say(
    run: Run, index: str, answers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "searchkit.toml").write_text('limit = 2\nmode = "dense"\n')
    answers += ["y", "y", "y"]
    run("judge", "apples", "--index", index)
    assert len(listed(run, index)) == 2
