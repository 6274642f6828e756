"""Embedders, for stores of others: our own embeds what is written to it by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from haystack import Document, component

from searchkit.encoder import load_encoder
from searchkit.integrations.haystack.documents import MODULE

if TYPE_CHECKING:
    from searchkit.encoder import Encoder


class _Embedder:
    """Loads its checkpoint once. Without ``__init__``: Haystack makes a class anew, and ``super()`` means the first."""

    model: str | None
    _encoder: Encoder | None = None

    def warm_up(self) -> None:
        """Load the checkpoint."""
        self._warm()

    def _warm(self) -> Encoder:
        if self._encoder is None:
            self._encoder = load_encoder(self.model)
        return self._encoder


@component
class SearchkitTextEmbedder(_Embedder):
    """Embeds a query."""

    __module__ = MODULE

    def __init__(self, model: str | None = None) -> None:
        """Use the checkpoint of that name or folder; None for the bundled one. It is loaded with the first text."""
        self.model = model

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        """The unit vector of the text, as a query, under ``embedding``."""
        return {"embedding": self._warm().encode_queries([text])[0].tolist()}


@component
class SearchkitDocumentEmbedder(_Embedder):
    """Embeds documents, for another store; `SearchkitDocumentStore` embeds what is written to it by itself."""

    __module__ = MODULE

    def __init__(self, model: str | None = None, meta_fields_to_embed: list[str] | None = None) -> None:
        """Use the checkpoint of that name or folder; None for the bundled one. It is loaded with the first text.

        Args:
            model: name or folder.
            meta_fields_to_embed: fields whose values are put before the content, a line each.
        """
        self.model, self.meta_fields_to_embed = model, meta_fields_to_embed

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """Copies of the documents with their embeddings, under ``documents``."""
        rows = self._warm().encode_passages([self._text(document) for document in documents])
        pairs = zip(documents, rows.tolist(), strict=True)
        return {"documents": [replace(document, embedding=row) for document, row in pairs]}

    def _text(self, document: Document) -> str:
        values = (document.meta.get(field) for field in self.meta_fields_to_embed or [])
        return "\n".join([*(str(value) for value in values if value is not None), document.content or ""])
