from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

pytest.importorskip("langchain_core", reason="langchain-core is not installed; `make integrations` runs this")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from searchkit import SearchEngine
from searchkit.errors import EncoderMismatchError, FilterError, IndexNotFoundError, InputError
from searchkit.integrations.langchain import SearchkitEmbeddings, SearchkitVectorStore, where_of

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time", "apples and boats"]
LONG = "\n\n".join(f"Paragraph {i} tells of apples and of boats." for i in range(80))


@pytest.fixture
def store(engine: SearchEngine) -> SearchkitVectorStore:
    filled = SearchkitVectorStore(engine)
    filled.add_texts(TEXTS, [{"year": 2020 + i, "title": text[:5]} for i, text in enumerate(TEXTS)], ids=list("abcd"))
    return filled


def ids_of(documents: list[Document]) -> list[str | None]:
    return [document.id for document in documents]


def test_scores_are_cosines(store: SearchkitVectorStore, encoder: WordEncoder) -> None:
    found = store.similarity_search_with_score("apples on trees", k=4, mode="dense")
    cosines = encoder.encode_passages(TEXTS) @ encoder.encode_queries(["apples on trees"])[0]
    assert ids_of([document for document, _ in found]) == ["abcd"[i] for i in np.argsort(-cosines)]
    np.testing.assert_allclose([score for _, score in found], np.sort(cosines)[::-1], atol=2e-3)


def test_hits_are_those_of_the_engine(store: SearchkitVectorStore) -> None:
    for query in ("apples", "the sea at night", "time"):
        hits = store.engine.search(query, k=3)
        assert ids_of(store.similarity_search(query, k=3)) == [hit.doc_id for hit in hits]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"year": 2021}, "b"),
        ({"year": [2021, 2022]}, "bc"),
        ({"year": {"$gte": 2021, "$lt": 2023}}, "bc"),
        ({"year": {"$nin": [2021, 2022]}}, "ad"),
        ({"$or": [{"year": 2020}, {"title": "clock"}]}, "ac"),
        ({"$and": [{"year": {"$ne": 2020}}, {"title": {"$like": "APP%"}}]}, "d"),
        ({"$not": {"title": {"$contains": "pp"}}}, "bc"),
        ({"title": {"$exists": True}, "year": {"$eq": 2023}}, "d"),
        ({"year": {"$exists": False}}, ""),
        ({}, "abcd"),
        ("year > 2021 and metadata.title = 'apple'", "d"),
    ],
)
def test_filters_choose_before_the_best_are_taken(
    store: SearchkitVectorStore, given: dict[str, object], expected: str
) -> None:
    assert sorted(ids_of(store.similarity_search("apples", k=4, filter=given))) == list(expected)


@pytest.mark.parametrize(
    "given",
    [
        *({"yaer": 1}, {"year": {"$near": 1}}, {"$xor": []}, {"$or": []}, {"year": object()}, {1: 2}),
        *({"$not": {}}, {"$not": "year"}, {"$and": {"year": 1}}, {"$or": ["year"]}, {"$and": 3}),
    ],
    ids=str,
)
def test_a_filter_that_means_nothing_is_refused(store: SearchkitVectorStore, given: dict[str, object]) -> None:
    with pytest.raises(FilterError):
        store.similarity_search("apples", filter=given)


def test_quotes_in_a_value_stay_in_it() -> None:
    assert where_of({"a.b": "it's", "c": True}) == "(`a`.`b` = 'it''s') AND (`c` = TRUE)"


def test_options_of_the_engine_go_through(store: SearchkitVectorStore) -> None:
    assert ids_of(store.similarity_search("+time -apples", mode="lexical")) == ["c"]
    dense = SearchkitVectorStore(store.engine, mode="dense", where="year < 2022")
    assert sorted(ids_of(dense.similarity_search("apples boats clocks"))) == ["a", "b"]
    with pytest.raises(TypeError, match="depth"):
        store.similarity_search("apples", depth=3)


def test_diversity_passes_over_what_was_said(engine: SearchEngine) -> None:
    texts = ["apples grow on trees", "apples grow on all trees", "apples and boats"]
    store = SearchkitVectorStore.from_documents([Document(text, id=text) for text in texts], None, index=engine)
    assert ids_of(store.max_marginal_relevance_search("apples grow", k=2, lambda_mult=1.0)) == texts[:2]
    assert ids_of(store.max_marginal_relevance_search("apples grow", k=2, lambda_mult=0.1)) == [texts[0], texts[2]]
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 2, "lambda_mult": 0.1})
    assert ids_of(retriever.invoke("apples grow")) == [texts[0], texts[2]]


def test_a_vector_is_searched_by_its_direction(store: SearchkitVectorStore, encoder: WordEncoder) -> None:
    vector = encoder.encode_queries(["the time"])[0].tolist()
    assert ids_of(store.similarity_search_by_vector(vector, k=1)) == ["c"]
    assert ids_of(store.similarity_search_by_vector(vector, k=4, filter={"year": 2020})) == ["a"]
    assert ids_of(store.max_marginal_relevance_search_by_vector(vector, k=1)) == ["c"]


def test_a_threshold_cuts_off(store: SearchkitVectorStore) -> None:
    retriever = store.as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9, "k": 4}
    )
    assert ids_of(retriever.invoke("boats sail the sea")) == ["b"]
    assert retriever.tags == ["SearchkitVectorStore", "SearchkitEmbeddings"]


def test_a_document_in_many_passages_comes_back_once_and_whole(engine: SearchEngine) -> None:
    store = SearchkitVectorStore(engine)
    store.add_documents([Document(LONG, id="long"), Document("clocks", id="short")])
    assert len(engine.chunks("long")) > 2
    assert ids_of(store.similarity_search("apples boats", k=9)) == ["long", "short"]
    assert [found.page_content for found in store.similarity_search("apples boats", k=1)] == [LONG]
    assert [found.page_content for found in store.get_by_ids(["long"])] == [LONG]
    passages = SearchkitVectorStore(engine, passages=True).similarity_search("apples boats", k=9)
    assert [found.page_content for found in passages] == [hit.text for hit in engine.search("apples boats", k=9)]
    assert passages[0].id == "long"


def test_an_index_of_files_tells_where_they_are(engine: SearchEngine, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "clocks.txt").write_text("\n\nClocks tell the time.\n")
    engine.index_paths([tmp_path / "docs"])
    store = SearchkitVectorStore(engine, passages=True)
    (found,) = store.similarity_search("time", k=1)
    assert (found.page_content, found.metadata) == (
        "Clocks tell the time.",
        {"format": "text", "source": "docs/clocks.txt", "start_line": 3},
    )
    store.delete(["docs"])  # a folder is no document
    assert engine.status().documents == 1


def test_without_ids_all_documents_are_deleted(store: SearchkitVectorStore) -> None:
    assert store.delete(["a", "no such"])
    assert store.engine.status().documents == 3
    store.delete()
    assert store.similarity_search("apples", filter={"year": 2020}) == []


def test_numbers_of_ids_and_metadata_must_fit(store: SearchkitVectorStore) -> None:
    with pytest.raises(ValueError, match="1 ids for 2 texts"):
        store.add_texts(["x", "y"], ids=["1"])
    with pytest.raises(ValueError, match="0 metadatas for 1 texts"):
        store.add_texts(["x"], [])
    with pytest.raises(InputError, match="JSON"):
        store.add_texts(["x"], [{"when": object()}])
    with pytest.raises(InputError, match="batch"):
        store.add_texts(["x"], batch=3)
    assert store.engine.status().documents == 4


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    store = SearchkitVectorStore(tmp_path / "none", SearchkitEmbeddings(WordEncoder()))
    assert store.similarity_search("apples", filter={"year": 1}) == []
    assert store.get_by_ids(["a"]) == []
    assert store.delete(["a"])
    assert not (tmp_path / "none").exists()


def test_what_was_added_is_there_when_opened_again(store: SearchkitVectorStore, folder: Path) -> None:
    store.engine.close()
    again = SearchkitVectorStore(folder, SearchkitEmbeddings(WordEncoder()))
    assert ids_of(again.similarity_search("clocks", k=1)) == ["c"]
    again.engine.close()


def test_an_index_stays_with_its_embeddings(tmp_path: Path) -> None:
    six, seven = DeterministicFakeEmbedding(size=6), DeterministicFakeEmbedding(size=7)
    store = SearchkitVectorStore.from_texts(TEXTS, six, index=tmp_path / "index")
    again = SearchkitVectorStore(tmp_path / "index", DeterministicFakeEmbedding(size=6))
    (found, score), *_ = again.similarity_search_with_score("boats sail the sea", k=1)
    assert (found.page_content, score) == ("boats sail the sea", pytest.approx(1, abs=1e-3))
    with pytest.raises(EncoderMismatchError):
        SearchkitVectorStore(tmp_path / "index", seven).similarity_search("boats")
    store.engine.close()


def test_many_add_at_once(engine: SearchEngine) -> None:
    store = SearchkitVectorStore(engine)

    async def add_all() -> None:
        await asyncio.gather(*(store.aadd_texts([f"apples {i}"], ids=[str(i)]) for i in range(12)))
        found = await asyncio.gather(*(store.asimilarity_search(f"apples {i}", k=1) for i in range(12)))
        assert [ids_of(documents) for documents in found] == [[str(i)] for i in range(12)]

    asyncio.run(add_all())


def test_an_index_that_has_to_be_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError):
        SearchkitVectorStore(SearchEngine.open(tmp_path / "none"))


def test_embeddings_are_those_of_the_encoder(encoder: WordEncoder) -> None:
    embeddings = SearchkitEmbeddings(encoder)
    np.testing.assert_array_equal(
        np.array(embeddings.embed_documents(TEXTS), np.float32), encoder.encode_passages(TEXTS)
    )
    assert asyncio.run(embeddings.aembed_query("apples")) == embeddings.embed_query("apples")
    assert embeddings.embed_documents([]) == []
