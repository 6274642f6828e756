from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """Three indexed files in the working folder, and one beside them that is not indexed."""
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name=None, **_: WordEncoder())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "docs"
    root.mkdir()
    (root / "apples.md").write_text("# Apples\n\nApples grow on trees in the orchard.\n")
    (root / "boats.md").write_text("# Boats\n\nBoats sail across the wide blue sea.\n")
    (root / "clocks.txt").write_text("Clocks tell the time of day and night.\n")
    (tmp_path / "draft.md").write_text("# Sailing\n\nOn the blue sea we sail wide boats.\n")
    assert run("index", "docs").code == 0
    return root


def first(outcome: Any) -> str:
    assert outcome.err == ""
    return str(json.loads(outcome.out)[0]["path"])


def test_like_a_pasted_text(run: Run) -> None:
    assert first(run("similar", "--text", "what is the time of day", "--json")) == "docs/clocks.txt"


def test_like_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("trees in an orchard 🍎".encode())))
    assert first(run("similar", "-", "--json")) == "docs/apples.md"


def test_like_a_file_that_is_not_in_the_index(run: Run, docs: Path) -> None:
    assert first(run("similar", "draft.md", "--json")) == "docs/boats.md"
    (docs / "new.txt").write_text("The time of night.\n")  # below an indexed folder
    assert first(run("similar", "docs/new.txt", "--json")) == "docs/clocks.txt"
    Path("link.md").symlink_to("draft.md")
    assert first(run("similar", "link.md", "--json")) == "docs/boats.md"


def test_what_is_in_the_index_goes_before_the_file(run: Run, docs: Path) -> None:
    (docs / "boats.md").write_text("The time of day and night.\n")
    paths = [hit["path"] for hit in json.loads(run("similar", "docs/boats.md", "--json").out)]
    assert sorted(paths) == ["docs/apples.md", "docs/clocks.txt"]


def test_a_file_that_cannot_be_read_is_an_error(run: Run) -> None:
    Path("image.png").write_bytes(b"\x89PNG\0\0\1" * 99)
    outcome = run("similar", "image.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert "image.png is not in the index, and cannot be read: " in outcome.err


@pytest.mark.parametrize("target", ["nowhere.md", "docs", "\x00", "x" * 5000, "🐟", "99", "9" * 40, "9" * 5000])
def test_what_is_neither_in_the_index_nor_a_file_is_an_error(target: str, run: Run) -> None:
    outcome = run("similar", target)
    assert (outcome.code, outcome.out) == (2, "")
    assert "there is no chunk, document or file" in outcome.err


@pytest.mark.parametrize("words", [[], ["docs/boats.md", "--text", "x"]])
def test_one_example_is_needed(words: list[str], run: Run) -> None:
    outcome = run("similar", *words)
    assert outcome.code == 2
    assert "--text" in outcome.err


def test_half_a_character_in_a_text_does_no_harm(run: Run) -> None:
    assert first(run("similar", "--text", "the time \udcff of day", "--json")) == "docs/clocks.txt"


def test_an_empty_text_is_an_error(run: Run) -> None:
    outcome = run("similar", "--text", " ")
    assert outcome.code == 2
    assert "there is no text" in outcome.err


def test_filters_and_choice_work_as_for_a_query(run: Run) -> None:
    assert run("similar", "docs/boats.md", "--path", "*.txt", "--files").out == "docs/clocks.txt\n"
    assert run("similar", "docs/boats.md", "--since", "2999").code == 1
    assert len(run("similar", "1", "--fold", "--diverse", "--group", "document", "-k", "2").out.splitlines()) == 2
    wrong = run("similar", "docs/boats.md", "--where", "lnag = 'en'")
    assert wrong.code == 2
    assert "lnag = 'en'\n  ^" in wrong.err


def test_not_moves_hits_away_from_a_text(run: Run) -> None:
    words = ("similar", "--text", "apples in the orchard, boats on the sea", "--json")
    assert first(run(*words, "--not", "Apples grow on trees in the orchard.")) == "docs/boats.md"
    assert first(run(*words, "--not", "Boats sail across the wide blue sea.")) == "docs/apples.md"


def test_a_bound_on_the_cosine_holds_here_too(run: Run, tmp_path: Path) -> None:
    all_of_them = json.loads(run("similar", "--text", "Boats sail the sea", "--json").out)
    bound = (all_of_them[0]["score"] + all_of_them[1]["score"]) / 2
    words = ("similar", "--text", "Boats sail the sea", "--json")
    assert len(json.loads(run(*words, "--min-score", str(bound)).out)) == 1
    (tmp_path / "searchkit.toml").write_text(f"min_score = {bound}\n")
    assert len(json.loads(run(*words).out)) == 1


def test_an_encoder_that_was_moved_can_be_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str | None] = []

    def load(name: str | None = None, **_: object) -> WordEncoder:
        loaded.append(name)
        return WordEncoder()

    monkeypatch.setattr("searchkit.encoder.load_encoder", load)
    assert run("similar", "--text", "boats", "--model", "elsewhere").code == 0
    assert loaded == ["elsewhere"]
