from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

pytest.importorskip("haystack", reason="haystack-ai is not installed; `make integrations` runs this")

from haystack import Document, Pipeline, component
from haystack.components.joiners import DocumentJoiner
from haystack.components.writers import DocumentWriter
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.testing.document_store import (
    CountDocumentsByFilterTest,
    DocumentStoreBaseExtendedTests,
)

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.integrations import haystack as ours
from searchkit.integrations.haystack import (
    SearchkitDocumentEmbedder,
    SearchkitDocumentStore,
    SearchkitRetriever,
    SearchkitTextEmbedder,
    where_of,
)

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time", "apples and boats"]
OURS = ["searchkit.integrations.haystack"]
LONG = "\n\n".join(f"Paragraph {i} tells of apples and of boats." for i in range(80))


@pytest.fixture
def document_store(engine: SearchEngine) -> SearchkitDocumentStore:
    return SearchkitDocumentStore(engine)


@pytest.fixture
def store(document_store: SearchkitDocumentStore) -> SearchkitDocumentStore:
    document_store.write_documents(
        [Document(id="abcd"[i], content=text, meta={"year": 2020 + i}) for i, text in enumerate(TEXTS)]
    )
    return document_store


class TestHaystacksSuite(DocumentStoreBaseExtendedTests, CountDocumentsByFilterTest):
    """Haystack's own tests; embeddings that documents bring are not kept."""

    @pytest.fixture
    def document_store(self, engine: SearchEngine) -> SearchkitDocumentStore:
        return SearchkitDocumentStore(engine)

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        assert received == [replace(document, embedding=None) for document in expected]

    def test_write_documents(self, document_store: SearchkitDocumentStore) -> None:
        first, second = Document(id="1", content="apples"), Document(id="1", content="boats")
        assert document_store.write_documents([first]) == 1
        assert document_store.write_documents([second]) == 1
        assert document_store.filter_documents() == [second]


def ids_of(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


def test_a_policy_that_fails_writes_nothing(store: SearchkitDocumentStore) -> None:
    new = Document(id="e", content="eels")
    for documents in ([new, Document(id="a", content="x")], [new, new]):
        with pytest.raises(DuplicateDocumentError, match="already"):
            store.write_documents(documents, policy=DuplicatePolicy.FAIL)
    assert store.count_documents() == 4
    assert store.write_documents([new, Document(id="a", content="x")], policy=DuplicatePolicy.SKIP) == 1


def test_hits_are_those_of_the_engine_with_their_cosines(store: SearchkitDocumentStore) -> None:
    (found, hits) = SearchkitRetriever(store).run("apples", top_k=3)["documents"], store.engine.search("apples", k=3)
    assert [(one.id, one.content, one.score) for one in found] == [(hit.doc_id, hit.text, hit.score) for hit in hits]


def test_filters_of_the_retriever_and_of_the_run(store: SearchkitDocumentStore) -> None:
    early = {"field": "meta.year", "operator": "<", "value": 2023}
    late = {"field": "meta.year", "operator": ">", "value": 2020}
    replacing = SearchkitRetriever(store, filters=early)
    merging = SearchkitRetriever(store, filters=early, filter_policy="merge")
    assert sorted(ids_of(replacing.run("apples")["documents"])) == ["a", "b", "c"]
    assert sorted(ids_of(replacing.run("apples", filters=late)["documents"])) == ["b", "c", "d"]
    named = {"field": "id", "operator": "in", "value": ["b", "d"]}
    assert ids_of(merging.run("apples", filters=named)["documents"]) == ["b"]
    assert sorted(ids_of(replacing.run("apples", filters=named)["documents"])) == ["b", "d"]


def test_options_of_the_engine_go_through(store: SearchkitDocumentStore) -> None:
    lexical = SearchkitRetriever(store, options={"mode": "lexical"})
    assert ids_of(lexical.run("+time -apples")["documents"]) == ["c"]


@pytest.mark.parametrize("where", ["year < 2023", {"year": [2020, 2021, 2022]}, {}, None])
def test_a_filter_among_the_options_holds_beside_those_of_the_run(store: SearchkitDocumentStore, where: object) -> None:
    retriever = SearchkitRetriever(store, options={"where": where})
    late = {"field": "meta.year", "operator": ">", "value": 2020}
    last = [] if where else ["d"]
    assert sorted(ids_of(retriever.run("apples")["documents"])) == ["a", "b", "c", *last]
    assert sorted(ids_of(retriever.run("apples", filters=late)["documents"])) == ["b", "c", *last]


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "meta.yaer", "operator": "==", "value": 1},
        {"field": "meta.year", "operator": "~", "value": 1},
        {"field": "meta.year", "operator": "=="},
        {"field": "content", "operator": "==", "value": "x"},
        {"operator": "XOR", "conditions": [{"field": "meta.year", "operator": "==", "value": 1}]},
        {"operator": "AND", "conditions": []},
        {"conditions": []},
        {"operator": "AND", "conditions": ["meta.year"]},
        {"operator": "AND", "conditions": 3},
        {"field": 3, "operator": "==", "value": 1},
    ],
    ids=str,
)
def test_a_filter_that_means_nothing_is_refused(store: SearchkitDocumentStore, filters: dict[str, object]) -> None:
    with pytest.raises(FilterError):
        store.filter_documents(filters)
    with pytest.raises(FilterError):
        SearchkitRetriever(store).run("apples", filters=filters)


def test_fields_with_names_of_ours_are_metadata() -> None:
    assert where_of({"field": "meta.title", "operator": "!=", "value": "x"}) == "`metadata`.`title` != 'x'"
    assert where_of({"field": "id", "operator": "==", "value": "x"}) == "`doc_id` = 'x'"
    assert where_of({}) is where_of(None) is None


def test_a_document_in_many_passages_comes_back_once_and_whole(document_store: SearchkitDocumentStore) -> None:
    document_store.write_documents([Document(id="long", content=LONG), Document(id="short", content="clocks")])
    found = SearchkitRetriever(document_store).run("apples boats")["documents"]
    assert [(one.id, one.content) for one in found] == [("long", LONG), ("short", "clocks")]
    assert [one.content for one in document_store.filter_documents()] == [LONG, "clocks"]
    passages = SearchkitRetriever(document_store, passages=True).run("apples boats", top_k=3)["documents"]
    hits = document_store.engine.search("apples boats", k=3)
    assert [one.content for one in passages] == [hit.text for hit in hits]
    assert [LONG[one.meta["split_idx_start"] :].startswith(one.content) for one in passages] == [True] * 3
    assert len(set(ids_of(passages))) == 3
    assert {one.meta["source_id"] for one in passages} == {"long"}


def test_an_index_of_files_tells_where_they_are(engine: SearchEngine, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "clocks.txt").write_text("Clocks tell the time.\n")
    engine.index_paths([tmp_path / "docs"])
    (found,) = SearchkitRetriever(SearchkitDocumentStore(engine), passages=True).run("time")["documents"]
    assert found.meta["file_path"] == "docs/clocks.txt"


def test_updating_encodes_nothing_again(store: SearchkitDocumentStore, encoder: WordEncoder) -> None:
    encoder.encoded.clear()
    assert store.update_by_filter({"field": "meta.year", "operator": ">", "value": 2021}, {"kind": "late"}) == 2
    assert set(encoder.encoded).isdisjoint(TEXTS)
    assert ids_of(store.filter_documents({"field": "meta.kind", "operator": "==", "value": "late"})) == ["c", "d"]


def test_documents_without_content_are_kept(document_store: SearchkitDocumentStore) -> None:
    document_store.write_documents([Document(id="x", content=None, meta={"kind": "none"})])
    assert document_store.filter_documents() == [Document(id="x", content=None, meta={"kind": "none"})]


def test_a_pipeline_is_saved_and_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ours.store, "opened", lambda index, _: SearchEngine.open_or_create(index, encoder=WordEncoder(), wait_s=60)
    )
    store = SearchkitDocumentStore(str(folder))
    indexing = Pipeline()
    indexing.add_component("writer", DocumentWriter(store))
    documents = [Document(id=text, content=text) for text in TEXTS]
    assert Pipeline.loads(indexing.dumps(), allowed_modules=OURS).run({"writer": {"documents": documents}}) == {
        "writer": {"documents_written": 4}
    }
    asking = Pipeline()
    asking.add_component("retriever", SearchkitRetriever(store, top_k=2, options={"mode": "dense"}))
    asking.add_component("joiner", DocumentJoiner())
    asking.connect("retriever", "joiner")
    (again,) = Pipeline.loads(asking.dumps(), allowed_modules=OURS).run({"retriever": {"query": "boats sail"}}).values()
    assert again["documents"][0].content == "boats sail the sea"


def test_what_is_saved_names_classes_by_the_module_that_users_import() -> None:
    saved = SearchkitRetriever(SearchkitDocumentStore("an-index")).to_dict()
    kinds = [saved["type"], saved["init_parameters"]["document_store"]["type"]]
    assert kinds == [f"{OURS[0]}.SearchkitRetriever", f"{OURS[0]}.SearchkitDocumentStore"]
    for embedder in (SearchkitTextEmbedder, SearchkitDocumentEmbedder):
        assert component.registry[f"{OURS[0]}.{embedder.__name__}"] is embedder


def test_a_store_over_an_open_engine_is_not_saved(store: SearchkitDocumentStore) -> None:
    with pytest.raises(InputError, match="serialized"):
        store.to_dict()


def test_another_store_is_refused() -> None:
    with pytest.raises(ValueError, match="expected SearchkitDocumentStore"):
        SearchkitRetriever(object())


def test_nothing_is_made_by_looking(folder: Path) -> None:
    store = SearchkitDocumentStore(SearchEngine.open_or_create(folder, encoder=WordEncoder()))
    assert store.count_documents() == store.delete_by_filter({"field": "x", "operator": "==", "value": 1}) == 0
    assert store.filter_documents() == SearchkitRetriever(store).run("apples")["documents"] == []
    assert not folder.exists()


def test_all_has_a_form_that_does_not_block(store: SearchkitDocumentStore) -> None:
    late = {"field": "meta.year", "operator": ">", "value": 2021}

    async def all_of_them() -> list[object]:
        found = await SearchkitRetriever(store).run_async("time", top_k=1)
        return [
            ids_of(found["documents"]),
            await store.count_documents_async(),
            await store.count_documents_by_filter_async(late),
            ids_of(await store.filter_documents_async(late)),
            await store.write_documents_async([Document(id="e", content="eels")]),
            await store.update_by_filter_async(late, {"kind": "late"}),
            await store.delete_by_filter_async({"field": "meta.kind", "operator": "==", "value": "late"}),
            await store.delete_documents_async(["a"]),
            ids_of(store.filter_documents()),
            await store.delete_all_documents_async(),
            store.count_documents(),
        ]

    assert asyncio.run(all_of_them()) == [["c"], 4, 2, ["c", "d"], 1, 2, 2, None, ["b", "e"], None, 0]


def test_embedders_embed(monkeypatch: pytest.MonkeyPatch, encoder: WordEncoder) -> None:
    monkeypatch.setattr(ours.embedders, "load_encoder", lambda _: encoder)
    expected = encoder.encode_passages(["Trees\napples", "boats"])
    (first, second) = SearchkitDocumentEmbedder(meta_fields_to_embed=["title"]).run(
        [Document(content="apples", meta={"title": "Trees"}), Document(content="boats")]
    )["documents"]
    np.testing.assert_array_equal(np.array([first.embedding, second.embedding], np.float32), expected)
    assert SearchkitTextEmbedder().run("boats")["embedding"] == encoder.encode_queries(["boats"])[0].tolist()
