"""The vector store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from searchkit.errors import FilterError, InputError
from searchkit.integrations.conditions import all_of, among, both
from searchkit.integrations.llamaindex.embedding import encoder_of
from searchkit.integrations.llamaindex.filters import where_of
from searchkit.integrations.llamaindex.nodes import document_of, node_of
from searchkit.integrations.opening import around, deleted, opened, stored, unless_empty, with_whole_texts
from searchkit.integrations.threads import in_thread

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.schema import BaseNode

    from searchkit.search import SearchEngine

_MODES = {
    VectorStoreQueryMode.DEFAULT: None,
    VectorStoreQueryMode.MMR: None,
    VectorStoreQueryMode.HYBRID: "hybrid",
    VectorStoreQueryMode.SEMANTIC_HYBRID: "hybrid",
    VectorStoreQueryMode.SPARSE: "lexical",
    VectorStoreQueryMode.TEXT_SEARCH: "lexical",
}


class SearchkitVectorStore(BasePydanticVectorStore):
    """A searchkit index. Its ``client``, the engine, is there for all that LlamaIndex has no word for."""

    stores_text: bool = True
    is_embedding_query: bool = False
    _engine: Any = PrivateAttr()
    _options: dict[str, Any] = PrivateAttr()

    def __init__(
        self,
        index: SearchEngine | str | Path | None = None,
        embed_model: BaseEmbedding | None = None,
        **options: Any,
    ) -> None:
        """Open an index, or one that comes into being with the first node.

        Args:
            index: its name or folder, or an engine; None as for `SearchEngine.open`.
            embed_model: None for the encoder that the index has, or the bundled one; any other model is known by its
                class and name, and has to be given again to open the index.
            options: for every search, as `SearchEngine.search` takes them: ``mode``, ``rerank`` and others; a
                ``where`` holds beside the filters of a query.
        """
        super().__init__()
        self._engine = opened(index, None if embed_model is None else encoder_of(embed_model))
        self._options = options

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serializes it."""
        return "SearchkitVectorStore"

    @property
    def client(self) -> SearchEngine:
        """The engine."""
        return self._engine  # type: ignore[no-any-return]

    def add(self, nodes: Sequence[BaseNode], **_: Any) -> list[str]:
        """Add nodes, each in the place of one with the same id; the ids. Embeddings that they bring are not kept."""
        self.client.add(map(document_of, nodes))
        return [node.node_id for node in nodes]

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes of these ids that pass the filters, in the order in which they were added."""
        found = stored(self.client, node_ids, where_of(filters))
        return [node_of(one.doc_id, one.text, one.metadata, one.path) for one in found]

    def delete(self, ref_doc_id: str, **_: Any) -> None:
        """Delete the nodes that were made from that document."""
        try:
            deleted(self.client, where={"ref_doc_id": ref_doc_id})
        except FilterError:  # no node of LlamaIndex was ever added
            return

    def delete_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **_: Any) -> None:
        """Delete the nodes of these ids that pass the filters."""
        deleted(self.client, node_ids, where_of(filters))

    def clear(self) -> None:
        """Delete every node; the index and its encoder stay."""
        deleted(self.client)

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """The nodes that answer best, with their cosines.

        By ``query_str`` in the mode asked for: the default is searchkit's own, ``alpha`` the share of the dense part.
        By ``query_embedding``, a vector of the index's own encoder, where there is no text.

        Raises:
            InputError: a query with neither, or a mode that fits a learner to the vectors.
            FilterError: a filter that does not parse, or names a field that no node has.
        """
        options = {**self._options, **self._asked(query, kwargs)}
        if query.query_str is not None:
            text, k = query.query_str, query.similarity_top_k
            hits = unless_empty(self.client, lambda: self.client.search(text, k, **options))
        elif query.query_embedding is not None:
            hits = around(self.client, query.query_embedding, query.similarity_top_k, options)
        else:
            raise InputError("the query has neither query_str nor query_embedding")
        found = with_whole_texts(self.client, hits)
        nodes = [node_of(hit.doc_id, text, hit.metadata, hit.path) for hit, text in found]
        scores = [hit.score for hit in hits]
        return VectorStoreQueryResult(nodes=nodes, similarities=scores, ids=[node.node_id for node in nodes])

    def _asked(self, query: VectorStoreQuery, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if query.mode not in _MODES:
            raise InputError(f"the mode is {query.mode.value!r}; known: {', '.join(mode.value for mode in _MODES)}")
        options: dict[str, Any] = {"group": "document"}
        if _MODES[query.mode] is not None:
            options["mode"] = _MODES[query.mode]
        if query.alpha is not None:
            options["dense_weight"] = query.alpha
        if query.mode is VectorStoreQueryMode.MMR:
            threshold = kwargs.get("mmr_threshold", query.mmr_threshold)
            options["diverse"] = 0.5 if threshold is None else threshold
        limits = [where_of(query.filters)]  # an index of LlamaIndex asks for no nodes where it means all of them
        limits.append(among("doc_id", query.node_ids) if query.node_ids else None)
        limits.append(among("ref_doc_id", query.doc_ids) if query.doc_ids else None)
        if any(limits):
            asked = all_of([limit for limit in limits if limit is not None])
            options["where"] = both(self._options.get("where"), asked)
        return options

    async_add = in_thread(add)
    aget_nodes = in_thread(get_nodes)
    adelete = in_thread(delete)
    adelete_nodes = in_thread(delete_nodes)
    aclear = in_thread(clear)
    aquery = in_thread(query)
