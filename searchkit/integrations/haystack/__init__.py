"""searchkit in Haystack: an index as a document store with its retriever, an encoder as embedders.

A Haystack document is a document of the index: its content is cut and encoded when it is written, so a pipeline needs
no splitter and no embedder before the store; an ``embedding`` or ``blob`` that a document brings is not kept.
"""

from __future__ import annotations

from searchkit.errors import MissingExtraError

try:
    from searchkit.integrations.haystack.embedders import SearchkitDocumentEmbedder, SearchkitTextEmbedder
    from searchkit.integrations.haystack.filters import where_of
    from searchkit.integrations.haystack.retriever import SearchkitRetriever
    from searchkit.integrations.haystack.store import SearchkitDocumentStore
except ImportError as exc:
    raise MissingExtraError("haystack-ai", "haystack") from exc

__all__ = [
    "SearchkitDocumentEmbedder",
    "SearchkitDocumentStore",
    "SearchkitRetriever",
    "SearchkitTextEmbedder",
    "where_of",
]
