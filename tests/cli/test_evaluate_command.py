"""`eval` on small data made here, with an encoder that knows words alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_checkpoints import write_pair_graph
from word_encoder import WordEncoder

Run = Callable[..., Any]

PAIRS = [
    ("apples grow", "apples grow here", 4.5),
    ("apples grow", "boats sail", 0.5),
    ("boats sail far", "boats sail", 4.2),
    ("clocks tell time", "boats sail", 0.2),
    ("clocks tell time", "clocks tell the time", 4.8),
    *((f"thing{n} is here", f"thing{n} was there", 3.0) for n in range(10)),
]


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda name=None, **_: WordEncoder(name or ""))


@pytest.fixture
def sts_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.tsv"
    lines = ["sentence1\tsentence2\tscore", *(f"{one}\t{other}\t{score}" for one, other, score in PAIRS)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def beir_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    texts = {"d1": "apples grow on trees", "d2": "boats sail the sea", "d3": "clocks tell the time"}
    corpus = "".join(json.dumps({"_id": key, "title": "", "text": text}) + "\n" for key, text in texts.items())
    (folder / "corpus.jsonl").write_text(corpus)
    asked = {"q1": "apples trees", "q2": "sail sea"}
    queries = "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in asked.items())
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    return folder


def test_sts_gives_the_correlation_of_both_encoders(run: Run, sts_file: Path) -> None:
    outcome = run("eval", "sts", str(sts_file), "--against", "other", "--json")
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [(row["encoder"], row["set"]) for row in rows] == [("words", "small"), ("wordsother", "small")]
    assert all(50 < row["all"] <= 100 for row in rows)


def test_sts_draws_its_figure(run: Run, sts_file: Path, tmp_path: Path) -> None:
    figure = tmp_path / "figure.html"
    assert run("eval", "sts", str(sts_file), "--figure", str(figure)).code == 0
    assert "<svg" in figure.read_text()


def test_space_names_its_four_figures(run: Run, sts_file: Path) -> None:
    (row,) = json.loads(run("eval", "space", str(sts_file), "--json").out)
    assert {"alignment", "uniformity", "effective_rank", "hubness"} <= row.keys()
    assert row["alignment"] >= 0 > row["uniformity"]


def test_retrieval_compares_and_writes_runs(run: Run, beir_folder: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    outcome = run("eval", "retrieval", str(beir_folder), "--against", "other", "--runs", str(runs), "--json")
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert rows[0]["nDCG@10"] == pytest.approx(100)
    assert "to" in rows[0]["nDCG@10 against"]
    assert len((runs / "beir-words.trec").read_text().splitlines()) == 6


def test_missing_data_are_told(run: Run, tmp_path: Path) -> None:
    outcome = run("eval", "retrieval", str(tmp_path / "nowhere"))
    assert outcome.code == 2
    assert "nowhere" in outcome.err


def test_modes_are_measured_as_the_engine_searches_and_compared_with_the_last(
    run: Run, beir_folder: Path, tmp_path: Path
) -> None:
    words = ("--mode", "hybrid", "--mode", "lexical", "--mode", "dense", "--runs", str(tmp_path / "runs"), "--json")
    outcome = run("eval", "retrieval", str(beir_folder), *words)
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [(row["encoder"], row["mode"]) for row in rows] == [
        ("words", "hybrid"), ("words", "lexical"), ("words", "dense"),
    ]  # fmt: skip
    assert [row["nDCG@10"] for row in rows] == pytest.approx([100, 100, 100])
    assert ["nDCG@10 against" in row for row in rows] == [True, True, False]
    lexical = (tmp_path / "runs" / "beir-words-lexical.trec").read_text().splitlines()
    assert [line.split()[:3] for line in lexical] == [["q1", "Q0", "d1"], ["q2", "Q0", "d2"]]


def test_two_encoders_in_one_mode_are_compared(run: Run, beir_folder: Path) -> None:
    words = ("--against", "other", "--mode", "hybrid", "--json")
    rows = json.loads(run("eval", "retrieval", str(beir_folder), str(beir_folder), *words).out)
    assert [(row["encoder"], row["collection"]) for row in rows] == [
        ("words", "beir"), ("wordsother", "beir"), ("words", "beir"), ("wordsother", "beir"),
        ("words", "average"), ("wordsother", "average"),
    ]  # fmt: skip


def test_a_mode_that_there_is_not_is_told(run: Run, beir_folder: Path) -> None:
    outcome = run("eval", "retrieval", str(beir_folder), "--mode", "sparse")
    assert outcome.code == 2
    assert "expected one of hybrid, dense, lexical" in outcome.err


def test_each_mode_is_measured_with_a_reranker_and_without(run: Run, beir_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    judge = tmp_path / "judge"
    write_pair_graph(judge)
    outcome = run("eval", "retrieval", str(beir_folder), "--rerank", str(judge), "--json")
    assert outcome.code == 0, outcome.err
    rows = json.loads(outcome.out)
    assert [row["mode"] for row in rows] == [f"hybrid + {judge}", "hybrid"]
    assert "nDCG@10 against" in rows[0]


def test_json_is_an_array_with_an_element_a_line(run: Run, sts_file: Path) -> None:
    lines = run("eval", "sts", str(sts_file), "--against", "other", "--json").out.splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    assert [json.loads(line.rstrip(","))["encoder"] for line in lines[1:-1]] == ["words", "wordsother"]


def test_a_run_has_a_name_that_every_system_takes(run: Run, beir_folder: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert run("eval", "retrieval", str(beir_folder), "--model", "a/b\\c:d", "--runs", str(runs)).code == 0
    assert [file.name for file in runs.iterdir()] == ["beir-wordsa_b_c_d.trec"]


def test_the_configured_device_is_used(run: Run, sts_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(name: str | None = None, *, device: str = "auto") -> WordEncoder:
        asked.append(device)
        return WordEncoder(name or "")

    monkeypatch.setattr("searchkit.encoder.load_encoder", load)
    monkeypatch.setenv("SEARCHKIT_DEVICE", "openvino")
    assert run("eval", "sts", str(sts_file), "--against", "other").code == 0
    assert asked == ["openvino", "openvino"]
