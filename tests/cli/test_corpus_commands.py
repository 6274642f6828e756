"""The commands that look at a whole index, on indexes that hold next to nothing or unusual texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine

Run = Callable[..., Any]
COMMANDS = (
    ["topics"],
    ["topics", "--method", "density"],
    ["topics", "--tree"],
    ["topics", "--over", "folder"],
    ["map", "--method", "neighbours"],
    ["map", "--3d"],
    ["duplicates"],
    ["outliers"],
    ["health"],
)
LANGUAGES = (
    "die Katze schläft im Garten",
    "le chat dort dans le jardin",
    "кошка спит в саду",
    "猫在花园里睡觉",
    "قطة تنام",
)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\x1b[2Jclear\x07",
    "$x^2$ 100 % _a_",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
)


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[Any]], None]:
    """Makes the configured index, with these documents in it."""
    monkeypatch.chdir(tmp_path)

    def make(documents: Sequence[Any]) -> None:
        with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
            engine.add(documents)
        monkeypatch.setenv("SEARCHKIT_INDEX", str(tmp_path / "index"))

    return make


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_index_is_an_error_that_says_so(command: list[str], fill: Any, run: Run) -> None:
    fill([])
    outcome = run(*command)
    assert (outcome.code, outcome.out) == (2, "")
    assert "chunks" in outcome.err
    assert not Path("map.html").exists()


@pytest.mark.parametrize("texts", [["one document"], ["the same words"] * 15], ids=["one", "equal"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_one_document_or_equal_ones_get_an_answer(command: list[str], texts: list[str], fill: Any, run: Run) -> None:
    fill(texts)
    outcome = run(*command)
    if command == ["health"] and len(texts) == 1:
        assert (outcome.code, "at least 12" in outcome.err) == (2, True)
    elif command == ["topics", "--over", "folder"]:
        assert (outcome.code, "folder" in outcome.err) == (2, True)
    elif command == ["outliers"] or (command == ["duplicates"] and len(texts) == 1):
        assert outcome.code == 1  # none
    else:
        assert outcome.code == 0


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_several_languages_and_hostile_texts_are_texts(command: list[str], fill: Any, run: Run) -> None:
    fill([{"title": text, "text": f"{text} {number}"} for number in range(6) for text in (*LANGUAGES, *HOSTILE)])
    outcome = run(*command)
    assert outcome.code in (0, 1) or "--over" in command
    assert "\x1b[2J" not in outcome.out + outcome.err
    assert "\x07" not in outcome.out + outcome.err
    if command[0] == "map":
        page = Path("map.html").read_text(encoding="utf-8")
        assert (page.count("<script"), "alert(1)" in page) == (2, False)
