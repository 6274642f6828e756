from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed; `make integrations` runs this")

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from llama_index.core.vector_stores.simple import SimpleVectorStore
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode

from searchkit import SearchEngine
from searchkit.errors import FilterError, InputError
from searchkit.integrations.llamaindex import SearchkitEmbedding, SearchkitRetriever, SearchkitVectorStore, where_of

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time", "apples and boats"]
LONG = "\n\n".join(f"Paragraph {i} tells of apples and of boats." for i in range(80))


def node(name: str, text: str, source: str = "book", **metadata: object) -> TextNode:
    made = TextNode(id_=name, text=text, metadata=metadata)
    made.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=source)
    return made


@pytest.fixture
def nodes() -> list[TextNode]:
    tags = (["fruit", "plant"], ["ship"], [], ["fruit", "ship"])
    return [
        node("abcd"[i], text, "book" if i < 2 else "paper", year=2020 + i, tags=tags[i], title=text[:5])
        for i, text in enumerate(TEXTS)
    ]


@pytest.fixture
def store(engine: SearchEngine, nodes: list[TextNode]) -> SearchkitVectorStore:
    filled = SearchkitVectorStore(engine)
    assert filled.add(nodes) == list("abcd")
    return filled


def one(key: str, operator: FilterOperator, value: object) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])


def asked(text: str | None, k: int = 4, **given: object) -> VectorStoreQuery:
    return VectorStoreQuery(query_str=text, similarity_top_k=k, **given)


def test_nodes_come_back_as_they_were_added(store: SearchkitVectorStore, nodes: list[TextNode]) -> None:
    assert store.get_nodes() == nodes
    found = store.query(asked("boats sail the sea", 1))
    assert found.nodes == [nodes[1]]
    assert found.nodes[0].ref_doc_id == "book"
    assert found.similarities == [pytest.approx(1, abs=2e-3)]
    assert found.ids == ["b"]


def test_hits_are_those_of_the_engine(store: SearchkitVectorStore) -> None:
    for query in ("apples", "the sea at night", "time"):
        hits = store.client.search(query, k=3)
        found = store.query(asked(query, 3))
        assert (found.ids, found.similarities) == ([hit.doc_id for hit in hits], [hit.score for hit in hits])


SIMPLE = [
    one("year", FilterOperator.EQ, 2021),
    one("year", FilterOperator.NE, 2021),
    one("year", FilterOperator.GT, 2021),
    one("year", FilterOperator.GTE, 2021),
    one("year", FilterOperator.LT, 2021),
    one("year", FilterOperator.LTE, 2021),
    one("year", FilterOperator.IN, [2020, 2023]),
    one("year", FilterOperator.NIN, [2020, 2023]),
    one("tags", FilterOperator.CONTAINS, "ship"),
    one("tags", FilterOperator.ANY, ["ship", "plant"]),
    one("tags", FilterOperator.ALL, ["ship", "fruit"]),
    one("title", FilterOperator.TEXT_MATCH, "ppl"),
    one("title", FilterOperator.TEXT_MATCH, "PPL"),
    one("title", FilterOperator.TEXT_MATCH_INSENSITIVE, "PPL"),
    one("title", FilterOperator.TEXT_MATCH_INSENSITIVE, "%"),
    MetadataFilters(filters=[]),
    *(
        MetadataFilters(
            filters=[MetadataFilter(key="year", value=2020), MetadataFilter(key="title", value="apple")],
            condition=condition,
        )
        for condition in FilterCondition
    ),
]


@pytest.mark.parametrize("filters", SIMPLE, ids=repr)
def test_filters_mean_what_they_mean_to_the_store_of_llamaindex(
    store: SearchkitVectorStore, nodes: list[TextNode], filters: MetadataFilters
) -> None:
    simple = SimpleVectorStore()
    simple.add([given.model_copy(update={"embedding": [1.0]}) for given in nodes])
    expected = simple.query(VectorStoreQuery(query_embedding=[1.0], similarity_top_k=9, filters=filters)).ids
    assert sorted(store.query(asked("apples", 9, filters=filters)).ids) == sorted(expected)
    assert sorted(found.node_id for found in store.get_nodes(filters=filters)) == sorted(expected)


def test_filters_nest_and_ask_for_what_is_missing(store: SearchkitVectorStore) -> None:
    store.add([node("e", "eels swim")])
    nested = MetadataFilters(
        filters=[one("year", FilterOperator.IS_EMPTY, None), one("title", FilterOperator.EQ, "boats")],
        condition=FilterCondition.OR,
    )
    assert sorted(store.query(asked("apples", 9, filters=nested)).ids) == ["b", "e"]
    assert where_of(None) is None


def test_a_filter_that_means_nothing_is_refused(store: SearchkitVectorStore) -> None:
    for filters in (one("yaer", FilterOperator.EQ, 1), one("year", FilterOperator.IN, 1)):
        with pytest.raises(FilterError):
            store.query(asked("apples", filters=filters))


def test_only_some_nodes_or_documents_are_asked(store: SearchkitVectorStore) -> None:
    assert sorted(store.query(asked("apples", 9, node_ids=["a", "c", "zzz"])).ids) == ["a", "c"]
    assert sorted(store.query(asked("apples", 9, doc_ids=["paper"])).ids) == ["c", "d"]
    late = one("year", FilterOperator.GT, 2020)
    assert store.query(asked("apples", 9, node_ids=["a", "c"], filters=late)).ids == ["c"]


def test_a_filter_of_the_store_holds_beside_those_of_a_query(engine: SearchEngine, store: SearchkitVectorStore) -> None:
    limited = SearchkitVectorStore(engine, where="year < 2022")
    late = one("year", FilterOperator.GT, 2020)
    assert sorted(store.query(asked("apples", 9, filters=late)).ids) == ["b", "c", "d"]
    assert limited.query(asked("apples", 9, filters=late)).ids == ["b"]


def test_modes_are_those_of_the_engine(store: SearchkitVectorStore, encoder: WordEncoder) -> None:
    for mode, name in (("hybrid", "hybrid"), ("sparse", "lexical"), ("text_search", "lexical")):
        found = store.query(asked("apples trees", 3, mode=VectorStoreQueryMode(mode)))
        assert found.ids == [hit.doc_id for hit in store.client.search("apples trees", k=3, mode=name)]
    dense = store.query(asked("apples trees", 4, mode=VectorStoreQueryMode.HYBRID, alpha=1.0))
    cosines = encoder.encode_passages(TEXTS) @ encoder.encode_queries(["apples trees"])[0]
    assert dense.ids == ["abcd"[i] for i in np.argsort(-cosines)]
    with pytest.raises(InputError, match="svm"):
        store.query(asked("apples", mode=VectorStoreQueryMode.SVM))


def test_diversity_passes_over_what_was_said(engine: SearchEngine) -> None:
    store = SearchkitVectorStore(engine)
    store.add([node("1", "apples grow on trees"), node("2", "apples grow on all trees"), node("3", "apples and boats")])
    mode = VectorStoreQueryMode.MMR
    assert store.query(asked("apples grow", 2, mode=mode, mmr_threshold=1.0)).ids == ["1", "2"]
    assert store.query(asked("apples grow", 2, mode=mode), mmr_threshold=0.1).ids == ["1", "3"]


def test_a_vector_is_searched_where_there_is_no_text(store: SearchkitVectorStore, encoder: WordEncoder) -> None:
    vector = encoder.encode_queries(["the time"])[0].tolist()
    given = {"query_embedding": vector, "filters": one("year", FilterOperator.GT, 2021)}
    assert store.query(asked(None, 1, **given)).ids == ["c"]
    with pytest.raises(InputError, match="neither"):
        store.query(asked(None))


def test_nodes_are_deleted_by_document_by_id_and_by_filter(store: SearchkitVectorStore) -> None:
    store.delete("book")
    assert [found.node_id for found in store.get_nodes()] == ["c", "d"]
    store.delete("no such")
    store.delete_nodes(["c", "zzz"], filters=one("year", FilterOperator.EQ, 2022))
    assert [found.node_id for found in store.get_nodes()] == ["d"]
    store.clear()
    assert store.get_nodes() == []
    assert store.query(asked("apples", filters=one("year", FilterOperator.EQ, 1))).ids == []


def test_nothing_of_llamaindex_is_nothing_to_delete(engine: SearchEngine) -> None:
    engine.add([{"id": "a", "text": "apples"}])
    SearchkitVectorStore(engine).delete("a")
    assert engine.status().documents == 1


def test_a_node_in_many_passages_comes_back_once_and_whole(engine: SearchEngine) -> None:
    store = SearchkitVectorStore(engine)
    store.add([node("long", LONG, year=1), node("short", "clocks")])
    assert [found.get_content() for found in store.query(asked("apples boats")).nodes] == [LONG, "clocks"]
    found = SearchkitRetriever(engine, similarity_top_k=3).retrieve("apples boats")
    hits = engine.search("apples boats", k=3)
    assert [(one.text, one.score) for one in found] == [(hit.text, hit.score) for hit in hits]
    assert LONG[found[0].node.start_char_idx : found[0].node.end_char_idx] == found[0].text
    assert (found[0].node.ref_doc_id, found[0].metadata) == ("long", {"year": 1})


def test_an_index_over_the_store(store: SearchkitVectorStore, encoder: WordEncoder) -> None:
    storage = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex([node("e", "eels swim")], storage_context=storage, embed_model=MockEmbedding(embed_dim=1))
    assert index.as_retriever(similarity_top_k=1).retrieve("eels")[0].node_id == "e"
    again = VectorStoreIndex.from_vector_store(store, embed_model=SearchkitEmbedding(encoder))
    retriever = again.as_retriever(similarity_top_k=2, filters=one("year", FilterOperator.LT, 2021))
    assert [found.node_id for found in retriever.retrieve("boats")] == ["a"]
    again.delete_ref_doc("book")
    assert [found.node_id for found in asyncio.run(again.as_retriever(similarity_top_k=9).aretrieve("boats"))] == [
        "d",
        "c",
    ]


def test_an_index_of_files_is_retrieved_from(engine: SearchEngine, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "clocks.txt").write_text("Clocks tell the time.\n")
    engine.index_paths([tmp_path / "docs"])
    retriever = SearchkitRetriever(engine, filters=one("format", FilterOperator.EQ, "text"))
    (found,) = asyncio.run(retriever.aretrieve("time"))
    assert (found.text, found.metadata["file_path"]) == ("Clocks tell the time.", "docs/clocks.txt")
    assert SearchkitVectorStore(engine).query(asked("time", 1)).ids == ["docs/clocks.txt"]
    with pytest.raises(InputError, match="both"):
        SearchkitRetriever(engine, filters=one("format", FilterOperator.EQ, "text"), where="size > 1")


def test_another_model_embeds_and_is_remembered(tmp_path: Path) -> None:
    store = SearchkitVectorStore(tmp_path / "index", MockEmbedding(embed_dim=3))
    store.add([node("a", "apples")])
    again = SearchkitVectorStore(tmp_path / "index", MockEmbedding(embed_dim=3))
    assert again.query(asked("apples", 1)).similarities == [pytest.approx(1, abs=1e-3)]
    for opened in (store, again):
        opened.client.close()


def test_all_has_a_form_that_does_not_block(store: SearchkitVectorStore) -> None:
    async def all_of_them() -> list[object]:
        return [
            await store.async_add([node("e", "eels swim", "lake")]),
            (await store.aquery(asked("eels", 1))).ids,
            [found.node_id for found in await store.aget_nodes(["e"])],
            await store.adelete("lake"),
            await store.adelete_nodes(["a"]),
            [found.node_id for found in store.get_nodes()],
            await store.aclear(),
            store.get_nodes(),
        ]

    assert asyncio.run(all_of_them()) == [["e"], ["e"], ["e"], None, None, ["b", "c", "d"], None, []]


def test_embeddings_are_those_of_the_encoder(encoder: WordEncoder) -> None:
    model = SearchkitEmbedding(encoder)
    assert (model.model_name, model.class_name()) == ("words", "SearchkitEmbedding")
    expected = encoder.encode_passages(TEXTS)
    np.testing.assert_array_equal(np.array(model.get_text_embedding_batch(TEXTS), np.float32), expected)
    assert asyncio.run(model.aget_text_embedding_batch(TEXTS)) == model.get_text_embedding_batch(TEXTS)
    assert asyncio.run(model.aget_query_embedding("time")) == model.get_query_embedding("time")
    assert asyncio.run(model.aget_text_embedding("time")) == model.get_text_embedding("time")
