"""LangChain's own suites over what we offer; `make integrations` runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_tests", reason="LangChain's suites are run by `make integrations`", exc_type=ImportError)

from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.integrations.langchain import SearchkitEmbeddings, SearchkitVectorStore


class TestVectorStore(VectorStoreIntegrationTests):
    """With the embeddings of the suite."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[SearchkitVectorStore]:
        store = SearchkitVectorStore(tmp_path / "index", self.get_embeddings())
        yield store
        store.engine.close()


class TestVectorStoreOfPassages(VectorStoreIntegrationTests):
    """With an encoder of ours, and a result for each passage."""

    @pytest.fixture
    def vectorstore(self, engine: SearchEngine) -> SearchkitVectorStore:
        return SearchkitVectorStore(engine, passages=True)


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[SearchkitEmbeddings]:
        return SearchkitEmbeddings


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[SearchkitEmbeddings]:
        return SearchkitEmbeddings


class TestRetriever(RetrieversIntegrationTests):
    """The retriever of a store, which takes ``k`` among its ``search_kwargs``."""

    @pytest.fixture(autouse=True)
    def filled(self, engine: SearchEngine) -> None:
        engine.add([f"apples and {word}" for word in ("boats", "clocks", "trees", "seas", "nights")])
        self.store = SearchkitVectorStore(engine)

    @property
    def retriever_constructor(self) -> Any:
        return lambda k=4: self.store.as_retriever(search_kwargs={"k": k})

    @property
    def retriever_query_example(self) -> str:
        return "apples"


def test_the_word_encoder_is_an_encoder_of_ours() -> None:
    assert SearchkitEmbeddings(WordEncoder()).embed_query("apples") == pytest.approx(
        WordEncoder().encode_queries(["apples"])[0].tolist()
    )
