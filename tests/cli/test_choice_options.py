"""The options that choose among hits, over real files, with an encoder that knows words alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit.cli import console as drawing
from searchkit.cli import plain
from searchkit.cli.choice_options import given
from searchkit.cli.wording import HitView, company
from searchkit.types import Context, Hit, Place

Run = Callable[..., Any]
MakeHit = Callable[..., Hit]


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """Three copies of one note, another one, and a long guide; indexed."""
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda _name=None, **_: WordEncoder())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "docs"
    root.mkdir()
    for name in "abc":
        (root / f"{name}.md").write_text("# Apples\n\nApples grow on trees.\n")
    (root / "other.txt").write_text("Apples fall from trees in autumn, says Newton.\n")
    parts = "\n\n".join(f"## Part {n}\n\n{'apples and ' * 15}part number {n}." for n in range(4))
    (root / "guide.md").write_text(f"# Guide\n\n{parts}\n")
    old = 1_500_000_000
    os.utime(root / "other.txt", (old, old))
    assert run("index", "docs").code == 0
    return root


def test_copies_are_folded_and_counted(docs: Path, run: Run) -> None:
    lines = run("query", "apples grow on trees", "--fold", "-k", "2").out.splitlines()
    assert lines[0].startswith("docs/a.md:1: ")
    assert lines[0].endswith("(+2 like this)")
    assert len(lines) == 2
    assert docs.exists()


@pytest.mark.usefixtures("docs")
def test_one_hit_a_document_names_its_other_places(run: Run) -> None:
    out = run("query", "apples", "--group", "document", "-k", "9").out
    assert len(out.splitlines()) == 5
    (guide,) = [line for line in out.splitlines() if line.startswith("docs/guide.md")]
    assert "(also at lines " in guide


@pytest.mark.usefixtures("docs")
def test_at_most_n_of_a_document(run: Run) -> None:
    files = [hit["path"] for hit in json.loads(run("query", "apples", "-k", "9", "--per-document", "2", "--json").out)]
    assert files.count("docs/guide.md") == 2


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize("words", [["--diverse", "0.3"], ["--diverse=0.3"]])
def test_diverse_hits_are_not_copies(words: list[str], run: Run) -> None:
    hits = json.loads(run("query", "apples grow on trees", *words, "-k", "2", "--json").out)
    assert hits[0]["path"] == "docs/a.md"
    assert hits[1]["path"] not in {"docs/b.md", "docs/c.md"}


@pytest.mark.usefixtures("docs")
def test_the_lambda_may_be_left_out(run: Run) -> None:
    words = ["query", "apples fall", "-k", "4", "--files", "--diverse"]
    assert run(*words).out == run(*words, "0.7").out != run(*words, "0").out


@pytest.mark.usefixtures("docs")
def test_files_since(run: Run) -> None:
    everything = run("query", "apples", "-k", "99", "--files").out.splitlines()
    recent = run("query", "apples", "-k", "99", "--files", "--since", "1d").out.splitlines()
    assert set(everything) - set(recent) == {"docs/other.txt"}
    assert run("query", "apples", "--since", "2999-01-01").code == 1
    wrong = run("query", "apples", "--since", "yesterday")
    assert (wrong.code, wrong.out) == (2, "")
    assert "since is 'yesterday'; expected a date or an age" in wrong.err


@pytest.mark.usefixtures("docs")
def test_not_like_this(run: Run) -> None:
    words = ["query", "apples", "-k", "1", "--files", "--where", "path != 'docs/guide.md'"]
    assert run(*words).out == "docs/a.md\n"
    assert run(*words, "--not", "grow", "--not", "grow on trees").out == "docs/other.txt\n"
    assert run(*words, "--not", " ").code == 2


@pytest.mark.usefixtures("docs")
def test_context_shows_what_stands_around(run: Run) -> None:
    out = run("query", "part number 1", "--path", "docs/guide.md", "-k", "1", "-C", "1").out
    shown = out.splitlines()
    assert shown[0].startswith("docs/guide.md:")
    assert [line for line in shown if line.startswith("  - ")]
    chunk = [line for line in shown if line.startswith("    ") and "part number 1." in line]
    assert len(chunk) == 1
    (hit,) = json.loads(run("query", "part number 1", "--path", "docs/guide.md", "-k", "1", "-C", "1", "--json").out)
    text = Path("docs/guide.md").read_text()
    assert hit["context_before"] + hit["text"] + hit["context_after"] in text


@pytest.mark.usefixtures("docs")
def test_without_the_options_nothing_is_added(run: Run) -> None:
    (hit,) = json.loads(run("query", "apples", "-k", "1", "--json").out)
    assert (hit["alike"], hit["others"], hit["context_before"], hit["context_after"]) == ([], [], None, None)


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--diverse", "1.5"], "diverse is 1.5"),
        (["--per-document", "0"], "per_document is 0"),
        (["--group", "file"], "expected one of chunk, document"),
        (["--context", "-1"], "context is -1"),
    ],
)
def test_values_out_of_range_are_errors(words: list[str], said: str, run: Run) -> None:
    outcome = run("query", "apples", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_zero_is_given_and_false_is_not() -> None:
    assert given(diverse=0.0, context=0, fold=False, since=None, path="*") == {
        "diverse": 0.0,
        "context": 0,
        "path": "*",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"alike": (5,)}, "+1 like this"),
        ({"others": (Place(5, 12, 13, None),)}, "also at line 12"),
        ({"others": (Place(5, 12, 13, None), Place(6, 3, 4, None))}, "also at lines 12, 3"),
        ({"others": tuple(Place(n, n, n, None) for n in range(1, 9))}, "also at lines 1, 2, 3, 4, 5 and 3 more"),
        ({"others": (Place(5, None, None, 2), Place(6, None, None, 2))}, "also at page 2"),
        ({"others": (Place(5, None, None, None),)}, "+1 more place"),
        ({"others": (Place(5, 1, 1, None),), "alike": (6, 7), "path": None}, "+2 like this, +1 more place"),
    ],
)
def test_what_stands_behind_a_hit_in_words(changes: dict[str, Any], said: str, make_hit: MakeHit) -> None:
    assert company(make_hit(1, **changes)) == said


def test_context_cannot_drive_the_terminal(make_hit: MakeHit, capsys: pytest.CaptureFixture[str]) -> None:
    evil = make_hit(1, context=Context("x\x1b[2Jy\n", "\n\x1b]0;t\x07"), alike=(3,))
    plain.show_hits([evil], HitView())
    plain.show_hits_of("q\x1b[2J", [evil], HitView())
    drawing.show_hits_of("q\x1b[2J", [evil], HitView(), drawing.output())
    out = capsys.readouterr().out
    assert "x␛[2Jy" in out
    assert "\x1b" not in out


def test_context_without_words_is_not_drawn(make_hit: MakeHit, capsys: pytest.CaptureFixture[str]) -> None:
    plain.show_hits([make_hit(1, text="one\ntwo", snippet="one", context=Context("\n\n", ""))], HitView())
    assert capsys.readouterr().out.splitlines()[1:] == ["    one", "    two", ""]


def test_a_terminal_shows_context_dim_around_the_chunk(make_hit: MakeHit, capsys: pytest.CaptureFixture[str]) -> None:
    hit = make_hit(1, context=Context("what came before\n\n", "\n\nwhat comes after"), alike=(7, 8, 9))
    drawing.show_hits([hit], HitView())
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "animals/1.md:10  +3 like this" in lines
    wanted = ["what came before", "Cats sleep for most of the day. Dogs do not.", "what comes after"]
    assert [line for line in lines if line in wanted] == wanted
