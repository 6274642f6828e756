from __future__ import annotations

from collections.abc import Iterator

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EvaluationError, InputError
from searchkit.evaluation import Query, RetrievalSet, dense_run, engine_run, engine_runs, indexed, retrieval_set
from searchkit.types import Document

LONG = "\n\n".join(f"Apples grow in orchard number {n}, and on every hill around it." for n in range(40))
DOCUMENTS = [
    Document("orchard", LONG),
    Document("apple", "apples grow", title="Fruit"),
    Document("sea", "boats sail the wide blue sea"),
    Document("pump", "pump XK-2071 of the boats"),
]
QUERIES = [Query("q1", "apples grow"), Query("q2", 'the "pump of boats -sea'), Query("q3", "blue sea")]


@pytest.fixture
def small() -> RetrievalSet:
    qrels = {"q1": {"apple": 1}, "q2": {"pump": 1}, "q3": {"sea": 1}}
    return retrieval_set("small", DOCUMENTS, QUERIES, qrels)


@pytest.fixture
def engine(small: RetrievalSet) -> Iterator[SearchEngine]:
    with indexed(small, WordEncoder()) as opened:
        yield opened


def test_a_run_is_what_the_engine_finds_each_document_once(engine: SearchEngine, small: RetrievalSet) -> None:
    run = engine_run(engine, small, name="hybrid")
    for query in QUERIES:
        hits = engine.search(query.text, 400)
        assert len(hits) > len(DOCUMENTS)
        assert run.rankings[query.query_id].doc_ids == tuple(dict.fromkeys(hit.doc_id for hit in hits))


def test_in_dense_mode_short_documents_score_as_in_a_dense_run() -> None:
    """Stored vectors are float16, which moves a cosine by less than 0.001."""
    short = retrieval_set("short", DOCUMENTS[1:], QUERIES, {"q1": {"apple": 1}, "q2": {"pump": 1}, "q3": {"sea": 1}})
    with indexed(short, WordEncoder()) as engine:
        ours = engine_run(engine, short, name="dense", mode="dense")
    alone = dense_run(WordEncoder(), short)
    for query_id, ranking in ours.rankings.items():
        assert ranking.doc_ids == alone.rankings[query_id].doc_ids
        assert ranking.scores == pytest.approx(alone.rankings[query_id].scores, abs=1e-3)


def test_scores_fall_also_where_hits_are_not_in_order_of_the_cosine(engine: SearchEngine, small: RetrievalSet) -> None:
    run = engine_run(engine, small, name="lexical first", dense_weight=0.0)
    for ranking in run.rankings.values():
        assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    assert run.rankings["q2"].scores[:2] == (1, 1 / 2)


def test_signs_of_the_query_language_are_text_in_a_collection(engine: SearchEngine, small: RetrievalSet) -> None:
    run = engine_run(engine, small, name="words", mode="lexical")
    assert set(run.rankings["q2"].doc_ids) == {"pump", "sea"}


def test_many_queries_are_asked_in_blocks(
    engine: SearchEngine, small: RetrievalSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine_run(engine, small, name="run")
    monkeypatch.setattr(engine_runs, "QUERIES_AT_ONCE", 2)
    assert engine_run(engine, small, name="run") == whole


def test_an_index_of_something_else_is_refused(engine: SearchEngine) -> None:
    other = retrieval_set("other", [Document("x", "x")], [Query("q", "boats")], {"q": {"x": 1}})
    with pytest.raises(EvaluationError, match="does not have: 'sea'"):
        engine_run(engine, other, name="run")


def test_an_option_that_the_engine_refuses_is_told(engine: SearchEngine, small: RetrievalSet) -> None:
    with pytest.raises(InputError, match="'sparse'; expected one of"):
        engine_run(engine, small, name="run", mode="sparse")


def test_the_index_leaves_with_the_block(small: RetrievalSet) -> None:
    with indexed(small, WordEncoder()) as engine:
        folder = engine.folder
        assert folder.is_dir()
    assert not folder.parent.exists()
