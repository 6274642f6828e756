"""`diff` between two small indexes, the second of which lacks a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine

Run = Callable[..., Any]
TEXTS = {"apples": "apples grow on trees", "boats": "boats sail the sea", "pears": "pears grow on trees"}


@pytest.fixture
def indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda *_, **__: WordEncoder())
    for name, left_out in (("old", ""), ("new", "pears")):
        with SearchEngine.open_or_create(tmp_path / name) as engine:
            engine.add(Document(doc_id, text) for doc_id, text in TEXTS.items() if doc_id != left_out)
    return str(tmp_path / "old"), str(tmp_path / "new")


@pytest.fixture
def queries(tmp_path: Path) -> str:
    path = tmp_path / "queries.txt"
    path.write_text("pears grow\nboats sail\n")
    return str(path)


def test_what_changed_is_counted_and_named(run: Run, indexes: tuple[str, str], queries: str) -> None:
    outcome = run("diff", *indexes, "--queries", queries, "-k", "1")
    assert outcome.code == 0
    assert "mean:    0.500" in outcome.out
    assert "queries: 2, 1 unchanged" in outcome.out
    assert "0.000\tpears grow\tapples\tpears" in outcome.out


def test_json_has_every_query(run: Run, indexes: tuple[str, str], queries: str) -> None:
    found = json.loads(run("diff", *indexes, "--queries", queries, "-k", "1", "--mode", "lexical", "--json").out)
    assert found["mean_rbo"] == pytest.approx(0.5)
    assert found["unchanged"] == 1
    assert found["queries"][0] == {"query": "pears grow", "rbo": 0.0, "gained": ["apples"], "lost": ["pears"]}


def test_a_mean_below_the_limit_is_exit_code_1(run: Run, indexes: tuple[str, str], queries: str) -> None:
    outcome = run("diff", *indexes, "--queries", queries, "-k", "1", "--fail-under", "0.6")
    assert outcome.code == 1
    assert "the mean overlap is 0.500, below 0.6" in outcome.err
    assert run("diff", *indexes, "--queries", queries, "-k", "1", "--fail-under", "0.5").code == 0


def test_an_index_is_the_same_as_itself(run: Run, indexes: tuple[str, str], queries: str) -> None:
    outcome = run("diff", indexes[0], indexes[0], "--queries", queries, "--fail-under", "1")
    assert outcome.code == 0
    assert "2 unchanged" in outcome.out


def test_a_missing_index_or_file_is_exit_code_2(run: Run, indexes: tuple[str, str], queries: str) -> None:
    assert run("diff", indexes[0], "/nowhere/at/all", "--queries", queries).code == 2
    outcome = run("diff", *indexes, "--queries", "/nowhere/queries.txt")
    assert outcome.code == 2
    assert "/nowhere/queries.txt" in outcome.err


def test_as_many_documents_are_compared_as_the_settings_say(
    run: Run, indexes: tuple[str, str], queries: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "searchkit.toml").write_text("limit = 1\n")
    found = json.loads(run("diff", *indexes, "--queries", queries, "--json").out)
    assert found["queries"][0]["gained"] == ["apples"]
