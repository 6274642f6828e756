"""The retriever of a document store."""

from __future__ import annotations

import asyncio
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.types import FilterPolicy, apply_filter_policy
from haystack.errors import FilterError

from searchkit.errors import FilterError as OurFilterError
from searchkit.errors import InputError
from searchkit.integrations.conditions import both
from searchkit.integrations.haystack.documents import MODULE, found_document, passage
from searchkit.integrations.haystack.filters import Filters, where_of
from searchkit.integrations.haystack.store import SearchkitDocumentStore
from searchkit.integrations.opening import unless_empty, with_whole_texts


@component
class SearchkitRetriever:
    """Finds documents by a query, in meaning and words."""

    __module__ = MODULE

    def __init__(
        self,
        document_store: SearchkitDocumentStore,
        filters: Filters | None = None,
        top_k: int = 10,
        passages: bool = False,
        filter_policy: FilterPolicy | str = FilterPolicy.REPLACE,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Search a store.

        Args:
            document_store: a `SearchkitDocumentStore`.
            filters: used where a run brings none, or joined with those, as ``filter_policy`` says.
            top_k: at most so many results.
            passages: whether a result is a passage that was found instead of the whole document; its ``source_id``
                is then the id of the document, as of Haystack's splitters.
            filter_policy: ``replace`` or ``merge``.
            options: all else that `SearchEngine.search` takes: ``mode``, ``rerank``, ``diverse`` and others; a
                ``where`` among them holds beside the filters.
        """
        if not isinstance(document_store, SearchkitDocumentStore):
            raise InputError(f"document_store is {type(document_store).__name__}; expected SearchkitDocumentStore")
        self.document_store, self.filters, self.top_k, self.passages = document_store, filters, top_k, passages
        self.filter_policy: FilterPolicy = (
            FilterPolicy.from_str(filter_policy) if isinstance(filter_policy, str) else filter_policy
        )
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        """The retriever as a mapping, for pipelines that are saved."""
        return default_to_dict(  # type: ignore[no-any-return]
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            passages=self.passages,
            filter_policy=self.filter_policy.value,
            options=self.options,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SearchkitRetriever:
        """The retriever of such a mapping."""
        given = dict(data["init_parameters"])
        if isinstance(given["document_store"], dict):
            given["document_store"] = SearchkitDocumentStore.from_dict(given["document_store"])
        return default_from_dict(cls, {**data, "init_parameters": given})  # type: ignore[no-any-return]

    @component.output_types(documents=list[Document])
    def run(self, query: str, filters: Filters | None = None, top_k: int | None = None) -> dict[str, list[Document]]:
        """The documents that answer the query best, with their cosine as score, under ``documents``."""
        where = where_of(apply_filter_policy(self.filter_policy, self.filters, filters))
        engine, k = self.document_store.engine, self.top_k if top_k is None else top_k
        options: dict[str, Any] = {**({} if self.passages else {"group": "document"}), **(self.options or {})}
        options["where"] = both(options.get("where"), where)
        try:
            hits = unless_empty(engine, lambda: engine.search(query, k, **options))
        except OurFilterError as exc:
            raise FilterError(str(exc)) from exc
        if self.passages:
            return {"documents": list(map(passage, hits))}
        return {"documents": [found_document(hit, text) for hit, text in with_whole_texts(engine, hits)]}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, filters: Filters | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """`run` in a thread."""
        return await asyncio.to_thread(self.run, query, filters, top_k)
