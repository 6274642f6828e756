"""searchkit in LlamaIndex: an index as a vector store and as a retriever, an encoder as an embedding model.

A LlamaIndex node is a document of the index and comes back as it was added, once, however many of its passages were
found. The store embeds nodes and queries by itself, so a `VectorStoreIndex` over it needs no model of its own: give it
``embed_model=MockEmbedding(embed_dim=1)``, or it embeds everything a second time, for nothing.
"""

from __future__ import annotations

from searchkit.errors import MissingExtraError

try:
    from searchkit.integrations.llamaindex.embedding import SearchkitEmbedding, encoder_of
    from searchkit.integrations.llamaindex.filters import where_of
    from searchkit.integrations.llamaindex.retriever import SearchkitRetriever
    from searchkit.integrations.llamaindex.store import SearchkitVectorStore
except ImportError as exc:
    raise MissingExtraError("llama-index-core", "llamaindex") from exc

__all__ = ["SearchkitEmbedding", "SearchkitRetriever", "SearchkitVectorStore", "encoder_of", "where_of"]
