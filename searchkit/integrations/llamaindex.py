"""searchkit in LlamaIndex: an index as a vector store and as a retriever, an encoder as an embedding model.

A LlamaIndex node is a document of the index and comes back as it was added, once, however many of its passages were
found. The store embeds nodes and queries by itself, so a `VectorStoreIndex` over it needs no model of its own: give it
``embed_model=MockEmbedding(embed_dim=1)``, or it embeds everything a second time, for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder import load_encoder
from searchkit.errors import FilterError, InputError, MissingExtraError
from searchkit.integrations.conditions import all_of, among, any_of, compared, metadata_field, negated
from searchkit.integrations.foreign import ForeignEncoder
from searchkit.integrations.opening import deleted, opened, stored, texts_of, unless_empty
from searchkit.types import Document as OurDocument

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.bridge.pydantic import PrivateAttr
    from llama_index.core.schema import (
        BaseNode,
        NodeRelationship,
        NodeWithScore,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
    )
    from llama_index.core.vector_stores.types import (
        BasePydanticVectorStore,
        FilterCondition,
        FilterOperator,
        MetadataFilter,
        MetadataFilters,
        VectorStoreQuery,
        VectorStoreQueryMode,
        VectorStoreQueryResult,
    )
    from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
except ImportError as exc:
    raise MissingExtraError("llama-index-core", "llamaindex") from exc

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search import SearchEngine
    from searchkit.types import Hit

NODE = "_node_content"  # where LlamaIndex keeps the rest of a node among the metadata
_ADDED = (NODE, "_node_type", "document_id", "doc_id", "ref_doc_id")
_MODES = {
    VectorStoreQueryMode.DEFAULT: None,
    VectorStoreQueryMode.MMR: None,
    VectorStoreQueryMode.HYBRID: "hybrid",
    VectorStoreQueryMode.SEMANTIC_HYBRID: "hybrid",
    VectorStoreQueryMode.SPARSE: "lexical",
    VectorStoreQueryMode.TEXT_SEARCH: "lexical",
}
_COMPARISONS = {
    FilterOperator.EQ: "=",
    FilterOperator.NE: "!=",
    FilterOperator.LT: "<",
    FilterOperator.LTE: "<=",
    FilterOperator.GT: ">",
    FilterOperator.GTE: ">=",
    FilterOperator.CONTAINS: "CONTAINS",
    FilterOperator.TEXT_MATCH: "CONTAINS",
}


class SearchkitEmbedding(BaseEmbedding):
    """Embeddings of an encoder; queries and texts have their own prompts where the checkpoint has."""

    _encoder: Any = PrivateAttr()

    def __init__(self, encoder: Encoder | str | Path | None = None, **settings: Any) -> None:
        """Use an encoder, or the name or folder of its checkpoint; None for the bundled one."""
        loaded = load_encoder(encoder) if encoder is None or isinstance(encoder, str | Path) else encoder
        super().__init__(**{"model_name": loaded.name, **settings})
        self._encoder = loaded

    @property
    def encoder(self) -> Encoder:
        """What makes the vectors."""
        return self._encoder  # type: ignore[no-any-return]

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serializes it."""
        return "SearchkitEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._encoder.encode_queries([query])[0].tolist()  # type: ignore[no-any-return]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._encoder.encode_passages(texts).tolist()  # type: ignore[no-any-return]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)


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
            options: for every search, as `SearchEngine.search` takes them: ``mode``, ``where``, ``rerank`` and others.
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
        self.client.add(map(_document, nodes))
        return [node.node_id for node in nodes]

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes of these ids that pass the filters, in the order in which they were added."""
        found = stored(self.client, node_ids, where_of(filters))
        return [_node(one.doc_id, one.text, one.metadata, one.path) for one in found]

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
            options.pop("mode", None)
            options.pop("dense_weight", None)
            vector, k = query.query_embedding, query.similarity_top_k
            hits = unless_empty(self.client, lambda: self.client.search_embedding(vector, k, **options))
        else:
            raise InputError("the query has neither query_str nor query_embedding")
        texts = texts_of(self.client, (hit.doc_id for hit in hits))
        nodes = [_node(hit.doc_id, texts.get(hit.doc_id, hit.text), hit.metadata, hit.path) for hit in hits]
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
            options["where"] = all_of([limit for limit in limits if limit is not None])
        return options

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """`add` in a thread."""
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """`get_nodes` in a thread."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def adelete(self, ref_doc_id: str, **kwargs: Any) -> None:
        """`delete` in a thread."""
        await asyncio.to_thread(self.delete, ref_doc_id, **kwargs)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **kwargs: Any
    ) -> None:
        """`delete_nodes` in a thread."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **kwargs)

    async def aclear(self) -> None:
        """`clear` in a thread."""
        await asyncio.to_thread(self.clear)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`query` in a thread."""
        return await asyncio.to_thread(self.query, query, **kwargs)


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
        return [NodeWithScore(node=_passage(hit), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def where_of(filters: MetadataFilters | None) -> str | None:
    """The ``where`` expression of LlamaIndex's filters; None for none.

    Raises:
        FilterError: a value that the operator does not take.
    """
    parts = [] if filters is None else [part for one in filters.filters if (part := _condition(one)) is not None]
    if filters is None or not parts:
        return None
    if filters.condition == FilterCondition.NOT:
        return negated(any_of(parts) or "")
    return any_of(parts) if filters.condition == FilterCondition.OR else all_of(parts)


def _condition(given: MetadataFilter | MetadataFilters) -> str | None:
    if isinstance(given, MetadataFilters):
        return where_of(given)
    field, operator, value = metadata_field(given.key), given.operator, given.value
    if operator in _COMPARISONS:
        return compared(field, _COMPARISONS[operator], value)
    if operator == FilterOperator.IS_EMPTY:
        return any_of([compared(field, "=", None), compared(field, "=", "")])
    if operator == FilterOperator.TEXT_MATCH_INSENSITIVE:
        return compared(field, "LIKE", f"%{_without_wildcards(value)}%")
    if not isinstance(value, list):
        raise FilterError(f"field {field!r} is compared by {operator.value} with {value!r}; expected a list")
    if operator in (FilterOperator.IN, FilterOperator.NIN):
        found = among(field, value)
        return found if operator == FilterOperator.IN else negated(found)
    each = [compared(field, "CONTAINS", one) for one in value]
    return all_of(each) if operator == FilterOperator.ALL else any_of(each) or among(field, [])


def _without_wildcards(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def encoder_of(embed_model: BaseEmbedding) -> Encoder:
    """The encoder under our own embedding model; others as one, known by their class and model name."""
    if isinstance(embed_model, SearchkitEmbedding):
        return embed_model.encoder
    name = f"llamaindex {embed_model.class_name()} {embed_model.model_name}"

    def embed_queries(texts: list[str]) -> list[list[float]]:
        return [embed_model.get_query_embedding(text) for text in texts]

    return ForeignEncoder(name, embed_queries, embed_model.get_text_embedding_batch)


def _document(node: BaseNode) -> OurDocument:
    text = node.get_content()
    return OurDocument(node.node_id, text, metadata=node_to_metadata_dict(node, remove_text=True))


def _node(name: str, text: str, metadata: Mapping[str, Any], path: str | None) -> BaseNode:
    if NODE in metadata:
        return metadata_dict_to_node(dict(metadata), text=text)
    return TextNode(id_=name, text=text, metadata={**metadata, **_place(path, None)})


def _passage(hit: Hit) -> TextNode:
    own = {name: value for name, value in hit.metadata.items() if NODE not in hit.metadata or name not in _ADDED}
    return TextNode(
        id_=f"{hit.doc_id}[{hit.start}:{hit.end}]",
        text=hit.text,
        metadata={**own, **_place(hit.path, hit.page)},
        start_char_idx=hit.start,
        end_char_idx=hit.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=hit.doc_id)},
    )


def _place(path: str | None, page: int | None) -> dict[str, Any]:
    """Under the names that LlamaIndex's own readers use."""
    return {**({} if path is None else {"file_path": path}), **({} if page is None else {"page_label": str(page)})}
