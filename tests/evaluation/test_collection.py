from __future__ import annotations

import json
from pathlib import Path

import pytest

from searchkit.errors import EvaluationError
from searchkit.evaluation import Query, passage_of, read_retrieval_set, require_documents, retrieval_set
from searchkit.types import Document

DOCUMENTS = [Document("d1", "about cats", title="Cats"), Document("d2", "about dogs")]
QUERIES = [Query("q1", "cats?"), Query("q2", "dogs?")]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "pets"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": "d1", "title": "Cats", "text": "about cats"}, {"_id": "d2", "text": "about dogs", "title": ""}]
    queries = [{"_id": "q1", "text": "cats?"}, {"_id": "q2", "text": "dogs?"}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n", encoding="utf-8")
    return folder


def test_a_beir_folder_is_read(beir: Path) -> None:
    found = read_retrieval_set(beir)
    assert found == retrieval_set("pets", DOCUMENTS, QUERIES, {"q1": {"d1": 1, "d2": 0}})
    assert found.queries == (Query("q1", "cats?"),)
    assert found.unjudged == 1


def test_another_split_is_another_file(beir: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no qrels/dev\.tsv"):
        read_retrieval_set(beir, split="dev")


def test_a_folder_of_parquet_is_read(beir: Path, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    folder = tmp_path / "parquet" / "pets"
    folder.mkdir(parents=True)
    corpus = {"doc_id": ["d1", "d2"], "title": ["Cats", ""], "text": ["about cats", "about dogs"]}
    pq.write_table(pa.table(corpus), folder / "corpus.parquet")
    pq.write_table(pa.table({"query_id": ["q1", "q2"], "text": ["cats?", "dogs?"]}), folder / "queries.parquet")
    qrels = {"query_id": ["q1", "q1"], "doc_id": ["d1", "d2"], "relevance": [1, 0]}
    pq.write_table(pa.table(qrels), folder / "qrels.parquet")
    assert read_retrieval_set(folder) == read_retrieval_set(beir)


def test_judged_ids_that_do_not_exist_are_named() -> None:
    with pytest.raises(EvaluationError, match=r"name 1 documents that it does not have: 'd9'"):
        retrieval_set("pets", DOCUMENTS, QUERIES, {"q1": {"d1": 1, "d9": 1}})
    with pytest.raises(EvaluationError, match=r"name 1 queries that it does not have: 'q9'"):
        retrieval_set("pets", DOCUMENTS, QUERIES, {"q9": {"d1": 1}})


def test_an_id_that_occurs_twice_is_named() -> None:
    with pytest.raises(EvaluationError, match="1 document ids occur twice: 'd1'"):
        retrieval_set("pets", [*DOCUMENTS, DOCUMENTS[0]], QUERIES, {"q1": {"d1": 1}})


def test_a_set_without_any_answer_is_refused() -> None:
    with pytest.raises(EvaluationError, match="none of the 2 queries"):
        retrieval_set("pets", DOCUMENTS, QUERIES, {"q1": {"d1": 0}})


def test_documents_that_an_index_lacks_are_named() -> None:
    found = retrieval_set("pets", DOCUMENTS, QUERIES, {"q1": {"d1": 1}, "q2": {"d2": 1}})
    require_documents(found, {"d1", "d2"}.__contains__)
    with pytest.raises(EvaluationError, match="1 of the 2 judged documents of pets are not in the index: 'd2'"):
        require_documents(found, {"d1"}.__contains__)


def test_a_title_stands_above_the_text() -> None:
    assert [passage_of(document) for document in DOCUMENTS] == ["Cats\nabout cats", "about dogs"]


def test_a_record_without_an_id_is_refused(beir: Path) -> None:
    (beir / "corpus.jsonl").write_text('{"text": "lost"}', encoding="utf-8")
    with pytest.raises(EvaluationError, match="without doc_id or _id: 'lost'"):
        read_retrieval_set(beir)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"query_id": "q1", "doc_id": "d1", "relevance": float("nan")}], "relevance is nan, expected a number"),
        ([{"query_id": "q1", "doc_id": "d1", "relevance": None}], "relevance is None, expected a number"),
        ([{"query_id": "q1", "doc_id": None, "relevance": 1.0}], "without doc_id: 'q1'"),
    ],
)
def test_a_judgement_with_a_hole_is_refused(beir: Path, rows: list[dict[str, object]], message: str) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (beir / "qrels" / "test.tsv").unlink()
    pq.write_table(pa.Table.from_pylist(rows), beir / "qrels.parquet")
    with pytest.raises(EvaluationError, match=message):
        read_retrieval_set(beir)


def test_a_query_without_text_is_an_empty_one(beir: Path) -> None:
    (beir / "queries.jsonl").write_text('{"_id": "q1", "text": "cats?"}\n{"_id": "q2"}\n', encoding="utf-8")
    assert read_retrieval_set(beir).queries == (Query("q1", "cats?"),)


def test_the_shared_sets_fit_together(shared: Path) -> None:
    found = read_retrieval_set(shared / "ir_cisi")
    assert (found.name, len(found.documents), len(found.queries), found.unjudged) == ("ir_cisi", 1_460, 76, 36)
