from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation import export_judgements, is_held_out, read_retrieval_set
from searchkit.training.settings import DataSettings, Kind
from searchkit.training.sources import read_source

QUERIES = [f"question {n}" for n in range(20)]
TEST = [query for query in QUERIES if is_held_out(query)]
TRAIN = [query for query in QUERIES if not is_held_out(query)]
LONG = "\n\n".join(f"Apples grow in orchard number {n}, and on every hill around it." for n in range(40))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as opened:
        texts = {"apple": "apples grow", "boat": "boats sail", "clock": "clocks tell", "long": LONG}
        opened.add([{"id": name, "text": text, "title": name.title()} for name, text in texts.items()])
        yield opened


def test_every_query_is_measured_or_trained_on_and_never_both(engine: SearchEngine, tmp_path: Path) -> None:
    assert TEST
    assert TRAIN
    for query in QUERIES:
        engine.judge(query, accept=["apple"], reject=["boat", "clock"])
    made = export_judgements(engine, tmp_path / "out")
    measured = {query.text for query in read_retrieval_set(tmp_path / "out").queries}
    trained = {row["anchor"] for row in rows_of(tmp_path / "out" / "train" / "triplets.jsonl")}
    assert (measured, trained) == (set(TEST), set(TRAIN))
    assert (made.test_queries, made.train_queries, made.triplets) == (len(TEST), len(TRAIN), 2 * len(TRAIN))


def test_a_query_stays_on_its_side_however_it_is_written_and_whatever_the_share() -> None:
    assert all(is_held_out(f"  {query.upper()}\n") == is_held_out(query) for query in QUERIES)
    assert {q for q in QUERIES if is_held_out(q, 0.2)} <= {q for q in QUERIES if is_held_out(q, 0.6)}
    assert not any(is_held_out(query, 0) for query in QUERIES)
    assert all(is_held_out(query, 1) for query in QUERIES)


def test_accepted_documents_are_relevant_and_rejected_ones_are_not(engine: SearchEngine, tmp_path: Path) -> None:
    engine.judge(TEST[0], accept=["apple"], reject=["boat"])
    export_judgements(engine, tmp_path / "out")
    (relevance,) = read_retrieval_set(tmp_path / "out").qrels.values()
    assert relevance == {"apple": 1, "boat": 0}


def test_a_document_with_an_accepted_passage_is_relevant_whatever_else_of_it_was_rejected(
    engine: SearchEngine, tmp_path: Path
) -> None:
    first, *_, last = engine.chunks("long")
    engine.judge(TEST[0], accept=[first.chunk_id], reject=[last.chunk_id])
    export_judgements(engine, tmp_path / "out")
    assert list(read_retrieval_set(tmp_path / "out").qrels.values()) == [{"long": 1}]


def test_the_corpus_is_every_document_whole(engine: SearchEngine, tmp_path: Path) -> None:
    engine.judge(TEST[0], accept=["apple"])
    export_judgements(engine, tmp_path / "out")
    documents = {one.doc_id: one for one in read_retrieval_set(tmp_path / "out").documents}
    assert documents.keys() == {"apple", "boat", "clock", "long"}
    assert documents["apple"].title == "Apple"
    assert documents["long"].text.split() == LONG.split()


def test_training_can_read_what_is_written(engine: SearchEngine, tmp_path: Path) -> None:
    engine.judge(TRAIN[0], accept=["apple", "long"], reject=["boat"])
    engine.judge(TRAIN[1], accept=["clock"])
    engine.judge(TRAIN[2], reject=["clock"])
    made = export_judgements(engine, tmp_path / "out")
    train = tmp_path / "out" / "train"
    triplets = read_source(DataSettings(path=train / "triplets.jsonl", kind=Kind.TRIPLETS), seed=0)
    pairs = read_source(DataSettings(path=train / "pairs.jsonl", kind=Kind.PAIRS), seed=0)
    assert [row.texts[0] for row in triplets.rows] == [TRAIN[0]] * 2
    assert triplets.rows[0].texts[1:] == ("Apple\napples grow", "Boat\nboats sail")
    assert [row.texts for row in pairs.rows] == [(TRAIN[1], "Clock\nclocks tell")]
    assert (made.train_queries, made.triplets, made.pairs) == (2, 2, 1)


def test_a_document_that_is_gone_is_left_out_and_still_trained_on(engine: SearchEngine, tmp_path: Path) -> None:
    engine.judge(TEST[0], accept=["apple", "boat"])
    engine.judge(TRAIN[0], accept=["boat"], reject=["apple"])
    engine.delete(["boat"])
    made = export_judgements(engine, tmp_path / "out")
    assert made.missing == ("boat",)
    assert list(read_retrieval_set(tmp_path / "out").qrels.values()) == [{"apple": 1}]
    assert rows_of(tmp_path / "out" / "train" / "triplets.jsonl")[0]["positive"] == "Boat\nboats sail"


def test_a_folder_appears_whole_or_not_at_all(engine: SearchEngine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(EvaluationError, match="nothing was judged"):
        export_judgements(engine, out)
    with pytest.raises(InputError, match="held_out is 20, expected a share"):
        export_judgements(engine, out, held_out=20)
    engine.add([{"id": "a\tb", "text": "a name with a tab"}])
    engine.judge(TEST[0], accept=["a\tb"])
    with pytest.raises(EvaluationError, match="cannot hold the name"):
        export_judgements(engine, out)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_folder_that_holds_something_is_left_alone(engine: SearchEngine, tmp_path: Path) -> None:
    engine.judge(TEST[0], accept=["apple"])
    (tmp_path / "out").mkdir()
    export_judgements(engine, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    with pytest.raises(EvaluationError, match="not an empty folder"):
        export_judgements(engine, tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
