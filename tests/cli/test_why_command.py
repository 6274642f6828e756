from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.cli.query import query
from searchkit.cli.why import why

Run = Callable[..., Any]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of three files, and a fourth that an ignore file leaves out."""
    monkeypatch.chdir(tmp_path)
    encoder = WordEncoder()
    monkeypatch.setattr(
        "searchkit.cli.session.open_engine", lambda index, **_: SearchEngine.open(index, encoder=encoder)
    )
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / ".searchkitignore").write_text("*.log\n")
    for name, text in (("a.md", "apples and pears"), ("b.md", "apples"), ("c.md", "boats"), ("d.log", "apples")):
        (docs / name).write_text(f"{text}\n")
    with SearchEngine.open_or_create(tmp_path / "index", encoder=encoder) as engine:
        engine.index_paths([Path("docs")])
    return tmp_path / "index"


def test_a_file_that_was_never_read_is_explained(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "docs/d.log", "--index", str(index))
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "document: docs/d.log"
    assert lines[1] == "answer:   not among the hits"
    assert lines[2].startswith("because:  docs/d.log is left out: ")
    assert lines[2].endswith("docs/.searchkitignore, line 1: *.log")
    assert lines[3].startswith("          → searchkit index --no-ignore")


def test_a_file_that_is_outranked_is_told_its_rank(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "docs/c.md", "--index", str(index), "-k", "1", "--mode", "dense")
    said = dict(line.split(":", 1) for line in outcome.out.splitlines() if ":" in line)
    assert said["because"].strip() == "it is at rank 3 of 3 chunks; the hits end at rank 1"
    assert said["best chunk"].strip().startswith("line 1, cosine ")
    assert said["best chunk"].endswith("; rank by meaning 3 of 3")
    assert said["last shown"].strip().startswith("docs/b.md:1, cosine ")


def test_a_file_that_is_there_is_told_its_place(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "docs/b.md", "--index", str(index))
    assert outcome.out.splitlines()[1] == "answer:   hit 1"


def test_the_options_of_the_query_count(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "docs/b.md", "--index", str(index), "--path", "*.txt")
    assert "path *.txt leaves it out" in outcome.out


def test_as_json(run: Run, index: Path) -> None:
    shown = json.loads(run("why", "apples", "docs/c.md", "--index", str(index), "-k", "1", "--json").out)
    assert (shown["name"], shown["rank"]) == ("docs/c.md", None)
    assert [reason["cause"] for reason in shown["reasons"]] == ["rank"]
    assert shown["standing"]["dense"]["rank"] == 3
    assert shown["standing"]["fused_rank"] == 3
    assert [hit["path"] for hit in shown["hits"]] == ["docs/b.md"]


def test_what_cannot_be_asked_about_is_an_error(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "docs", "--index", str(index))
    assert outcome.code == 2
    assert "docs is a folder" in outcome.err
    assert run("why", "apples", "77", "--index", str(index)).code == 2


def test_the_options_of_a_query_are_those_of_why() -> None:
    """Whatever decides about hits; not what only shows them."""
    asked, told = (inspect.signature(command).parameters for command in (query, why))
    shown = {"queries", "trec", "files", "as_jsonl", "full", "highlight", "context", "explain"}
    elsewhere = {"milvus", "collection", "fresh"}
    assert asked.keys() - told.keys() == shown | elsewhere
    assert told.keys() - asked.keys() == {"target"}
    both = (asked.keys() & told.keys()) - {"text", "as_json"}  # an object, not an array
    assert {name: told[name].annotation for name in both} == {name: asked[name].annotation for name in both}


def test_a_long_row_of_digits_is_a_name_that_is_not_there(run: Run, index: Path) -> None:
    outcome = run("why", "apples", "9" * 5000, "--index", str(index))
    assert "sorry" not in outcome.err
