"""searchkit in LangChain: an index as a `VectorStore`, an encoder as `Embeddings`.

A LangChain document is a document of the index. It comes back as it was added, once, however many of its passages
were found; with ``passages=True`` each passage that was found is a result, which is what an index of files wants.
"""

from __future__ import annotations

from searchkit.errors import MissingExtraError

try:
    from searchkit.integrations.langchain.embeddings import SearchkitEmbeddings, encoder_of
    from searchkit.integrations.langchain.filters import where_of
    from searchkit.integrations.langchain.store import SearchkitVectorStore
except ImportError as exc:
    raise MissingExtraError("langchain-core", "langchain") from exc

__all__ = ["SearchkitEmbeddings", "SearchkitVectorStore", "encoder_of", "where_of"]
