from __future__ import annotations

import json
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation import compare_answers, documents_found, rbo, read_queries

BEFORE = [("a", "b", "c"), ("a", "b"), ()]
AFTER = [("a", "b", "c"), ("b", "x"), ()]


def test_gained_and_lost_documents_are_told_in_order_of_rank() -> None:
    found = compare_answers(["q1", "q2", "q3"], BEFORE, AFTER)
    assert [one.gained for one in found.changes] == [(), ("x",), ()]
    assert [one.lost for one in found.changes] == [(), ("a",), ()]
    assert found.unchanged == 2


def test_the_mean_is_over_all_queries_and_the_worst_come_first() -> None:
    found = compare_answers(["q1", "q2", "q3"], BEFORE, AFTER)
    assert found.mean == pytest.approx((1 + rbo("ab", "bx") + 1) / 3)
    assert [one.query for one in found.worst(5)] == ["q2"]
    other = compare_answers(["swapped", "foreign"], [("a", "b"), ("a",)], [("b", "a"), ("x",)])
    assert [one.query for one in other.worst(5)] == ["foreign", "swapped"]
    assert [one.query for one in other.worst(1)] == ["foreign"]


def test_answers_have_to_fit_the_queries() -> None:
    with pytest.raises(InputError, match="2 queries came with 1 and 2"):
        compare_answers(["q1", "q2"], [()], [(), ()])
    with pytest.raises(InputError, match="0 queries"):
        compare_answers([], [], [])


def test_queries_come_from_lines_or_records(tmp_path: Path) -> None:
    lines, records = tmp_path / "queries.txt", tmp_path / "queries.jsonl"
    lines.write_text("how do I undo\n\n  rename a branch  \nhow do I undo\n", encoding="utf-8")
    records.write_text("".join(json.dumps({"_id": n, "text": f"query {n}"}) + "\n" for n in range(2)) + '{"_id": 2}')
    assert read_queries(lines) == ["how do I undo", "rename a branch"]
    assert read_queries(records) == ["query 0", "query 1"]


def test_a_file_without_queries_is_told(tmp_path: Path) -> None:
    empty, latin = tmp_path / "queries", tmp_path / "latin"
    empty.write_text("\n \n")
    latin.write_bytes(b"caf\xe9\n")
    with pytest.raises(EvaluationError, match="holds no query"):
        read_queries(empty)
    with pytest.raises(EvaluationError, match="not UTF-8 at byte 3"):
        read_queries(latin)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_queries(tmp_path / "nowhere")


def test_documents_of_an_index_stand_at_their_best_chunk(tmp_path: Path) -> None:
    long = "\n\n".join(f"Apples grow in orchard number {n}, and on every hill around it." for n in range(40))
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.add([Document("orchard", long), Document("sea", "Boats sail."), Document("apple", "apples grow")])
        assert len(engine.chunks("orchard")) > 2
        (found,) = documents_found(engine, ["apples grow"], 2, mode="dense")
    assert found == ("apple", "orchard")
