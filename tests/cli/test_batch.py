from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.cli import batch

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of three documents, one of several chunks, behind every command."""
    monkeypatch.chdir(tmp_path)
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        long = "\n\n".join("boats sail the sea " * 12 for _ in range(4))
        engine.add(
            [{"id": "apples", "text": "apples grow"}, {"id": "boats", "text": long}, {"id": "c", "text": "clocks"}]
        )
    monkeypatch.setattr(
        "searchkit.cli.session.open_engine",
        lambda _index, **_: SearchEngine.open(tmp_path / "index", encoder=WordEncoder()),
    )
    return tmp_path


def lines(outcome: Any) -> list[Any]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_jsonl_is_one_object_a_question_in_order(run: Run) -> None:
    Path("q.tsv").write_text("q1\tboats sail\nq2\tapples grow\n")
    outcome = run("query", "--queries", "q.tsv", "--jsonl", "-k", "1")
    assert (outcome.code, outcome.err) == (0, "")
    answers = lines(outcome)
    assert [(answer["query_id"], answer["query"]) for answer in answers] == [
        ("q1", "boats sail"),
        ("q2", "apples grow"),
    ]
    assert [[hit["doc_id"] for hit in answer["hits"]] for answer in answers] == [["boats"], ["apples"]]


def test_answers_are_those_of_single_questions(run: Run) -> None:
    questions = [f"boats sail word{n}" for n in range(2 * batch.BLOCK + 3)]
    Path("q.txt").write_text("\n".join(questions))
    answers = lines(run("query", "--queries", "q.txt", "--jsonl", "-k", "2"))
    assert [answer["query"] for answer in answers] == questions
    for place in (0, batch.BLOCK, len(questions) - 1):
        assert answers[place]["hits"] == json.loads(run("query", questions[place], "--json", "-k", "2").out)


def test_memory_holds_one_block(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ask_many = SearchEngine.ask_many
    monkeypatch.setattr(
        SearchEngine,
        "ask_many",
        lambda self, texts, *rest, **more: asked.append(len(texts)) or ask_many(self, texts, *rest, **more),
    )
    stream = io.BytesIO(b"boats\n" * (3 * batch.BLOCK))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    assert len(lines(run("query", "--queries", "-", "--jsonl"))) == 3 * batch.BLOCK
    assert asked == [batch.BLOCK] * 3


def test_text_shows_each_question_above_its_hits(run: Run) -> None:
    Path("q.txt").write_text("boats sail\napples grow\n")
    out = run("query", "--queries", "q.txt", "-k", "1").out
    first, second = out.strip().split("\n\n")
    assert first.startswith("# boats sail\nboats: ")
    assert second.startswith("# apples grow\napples: ")


@pytest.mark.parametrize("mode", ["dense", "hybrid", "lexical"])
def test_a_trec_run_ranks_documents_once_in_falling_order(run: Run, mode: str) -> None:
    Path("q.jsonl").write_text('{"id": "q1", "text": "boats sail apples"}\n{"id": "q2", "text": "clocks"}\n')
    out = run("query", "--queries", "q.jsonl", "--trec", "mine", "-k", "5", "--mode", mode).out
    rows = [line.split() for line in out.splitlines()]
    assert {(row[1], row[5]) for row in rows} == {("Q0", "mine")}
    for query_id in ("q1", "q2"):
        own = [row for row in rows if row[0] == query_id]
        assert [int(row[3]) for row in own] == list(range(1, len(own) + 1))
        assert len({row[2] for row in own}) == len(own) >= 1
        scores = [float(row[4]) for row in own]
        assert all(after < before for before, after in pairwise(scores))
    assert run("query", "--queries", "q.jsonl", "--trec").out.splitlines()[0].endswith(" searchkit")


def test_options_of_a_question_hold_for_all(run: Run) -> None:
    Path("q.txt").write_text("boats sail\n")
    (answer,) = lines(run("query", "--queries", "q.txt", "--jsonl", "--per-document", "1", "--not", "boats", "-k", "9"))
    assert sorted(hit["doc_id"] for hit in answer["hits"]) == ["apples", "boats", "c"]


def test_a_bad_line_of_a_file_ends_it_before_the_first_answer(run: Run) -> None:
    Path("q.tsv").write_text("q1\tboats\n" * (batch.BLOCK + 5) + "no tab\n")
    outcome = run("query", "--queries", "q.tsv", "--jsonl")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"q.tsv, line {batch.BLOCK + 6}: " in outcome.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_read_once(run: Run) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text("boats sail\n"))
    writer.start()
    (answer,) = lines(run("query", "--queries", "pipe", "--jsonl", "-k", "1"))
    writer.join()
    assert answer["hits"][0]["doc_id"] == "boats"


def test_a_question_that_does_not_parse_is_named(run: Run) -> None:
    Path("q.txt").write_text('boats\n\nclocks "sail\n')
    outcome = run("query", "--queries", "q.txt", "--jsonl", "--mode", "lexical")
    assert outcome.code == 2
    assert "q.txt, line 3: " in outcome.err


def test_no_hits_at_all_is_exit_code_1(run: Run) -> None:
    Path("q.txt").write_text("zebra\nyak\n")
    outcome = run("query", "--queries", "q.txt", "--jsonl", "--min-score", "0.99")
    assert (outcome.code, outcome.err) == (1, "no hits\n")
    assert [answer["hits"] for answer in lines(outcome)] == [[], []]


def test_an_empty_file_is_an_error(run: Run) -> None:
    Path("q.txt").write_text("\n\n")
    outcome = run("query", "--queries", "q.txt")
    assert outcome.code == 2
    assert "q.txt holds no question" in outcome.err


def test_an_id_that_trec_cannot_hold_is_an_error(run: Run) -> None:
    Path("q.jsonl").write_text('{"id": "my query", "text": "boats"}\n')
    outcome = run("query", "--queries", "q.jsonl", "--trec")
    assert outcome.code == 2
    assert "'my query'" in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ["--queries", "q.txt", "text"],
        ["text", "--trec"],
        ["--trec", "x"],
        ["--queries", "q.txt", "--json"],
        ["--queries", "q.txt", "--files"],
        ["--queries", "q.txt", "--jsonl", "--trec"],
        ["--queries", "q.txt", "--trec", "--per-document", "2"],
    ],
)
def test_what_does_not_go_together_is_refused(words: list[str], run: Run) -> None:
    Path("q.txt").write_text("boats\n")
    outcome = run("query", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert "error: " in outcome.err
