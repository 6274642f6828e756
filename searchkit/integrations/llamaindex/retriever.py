"""The retriever: passages of an index, without a LlamaIndex index around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle

from searchkit.errors import InputError
from searchkit.integrations.llamaindex.filters import where_of
from searchkit.integrations.llamaindex.nodes import passage
from searchkit.integrations.opening import opened, unless_empty
from searchkit.integrations.threads import in_thread

if TYPE_CHECKING:
    from llama_index.core.vector_stores.types import MetadataFilters

    from searchkit.search import SearchEngine


class SearchkitRetriever(BaseRetriever):
    """Passages of an index, whoever made it: what an index of files wants, without a LlamaIndex index around it."""

    def __init__(
        self,
        index: SearchEngine | str | Path | None = None,
        similarity_top_k: int = 10,
        filters: MetadataFilters | None = None,
        **options: Any,
    ) -> None:
        """Search an index.

        Args:
            index: its name or folder, or an engine; None as for `SearchEngine.open`.
            similarity_top_k: at most so many passages.
            filters: on metadata; ``where`` among the options takes searchkit's own expressions instead.
            options: as `SearchEngine.search` takes them.
        """
        if filters is not None and "where" in options:
            raise InputError("both filters and where are given; expected one of them")
        self.engine = opened(index)
        self._k, self._options = similarity_top_k, options
        if filters is not None:
            self._options = {**options, "where": where_of(filters)}
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = query_bundle.query_str
        hits = unless_empty(self.engine, lambda: self.engine.search(query, self._k, **self._options))
        return [NodeWithScore(node=passage(hit), score=hit.score) for hit in hits]

    _aretrieve = in_thread(_retrieve)
