"""Haystack's own tests of what does not block; `make integrations` runs them."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed; `make integrations` runs this")
pytest.importorskip("pytest_asyncio", reason="pytest-asyncio is not installed; `make integrations` runs this")

from haystack import Document
from haystack.testing.document_store_async import (
    CountDocumentsAsyncTest,
    CountDocumentsByFilterAsyncTest,
    DeleteAllAsyncTest,
    DeleteByFilterAsyncTest,
    DeleteDocumentsAsyncTest,
    FilterDocumentsAsyncTest,
    UpdateByFilterAsyncTest,
    WriteDocumentsAsyncTest,
)

from searchkit import SearchEngine
from searchkit.integrations.haystack import SearchkitDocumentStore


class TestHaystacksAsyncSuite(
    CountDocumentsAsyncTest,
    CountDocumentsByFilterAsyncTest,
    DeleteAllAsyncTest,
    DeleteByFilterAsyncTest,
    DeleteDocumentsAsyncTest,
    FilterDocumentsAsyncTest,
    UpdateByFilterAsyncTest,
    WriteDocumentsAsyncTest,
):
    """Embeddings that documents bring are not kept."""

    @pytest.fixture
    def document_store(self, engine: SearchEngine) -> SearchkitDocumentStore:
        return SearchkitDocumentStore(engine)

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        assert received == [replace(document, embedding=None) for document in expected]

    @pytest.mark.asyncio
    async def test_write_documents_async(self, document_store: SearchkitDocumentStore) -> None:
        first, second = Document(id="1", content="apples"), Document(id="1", content="boats")
        assert await document_store.write_documents_async([first]) == 1
        assert await document_store.write_documents_async([second]) == 1
        assert await document_store.filter_documents_async() == [second]
