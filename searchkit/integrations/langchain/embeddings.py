"""An encoder as embeddings, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.embeddings import Embeddings

from searchkit.integrations.foreign import ForeignEncoder, one_by_one
from searchkit.integrations.opening import loaded

if TYPE_CHECKING:
    from searchkit.encoder import Encoder


class SearchkitEmbeddings(Embeddings):
    """Embeddings of an encoder; queries and documents have their own prompts where the checkpoint has."""

    def __init__(self, encoder: Encoder | str | Path | None = None) -> None:
        """Use an encoder, or the name or folder of its checkpoint; None for the bundled one."""
        self.encoder = loaded(encoder)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector for each text."""
        return self.encoder.encode_passages(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a query."""
        return self.encoder.encode_queries([text])[0].tolist()  # type: ignore[no-any-return]


def encoder_of(embedding: Embeddings) -> Encoder:
    """The encoder under our own embeddings; others as one, known by their class and model name."""
    if isinstance(embedding, SearchkitEmbeddings):
        return embedding.encoder
    model = getattr(embedding, "model", None) or getattr(embedding, "model_name", None) or ""
    name = f"langchain {type(embedding).__name__} {model}".rstrip()
    return ForeignEncoder(name, one_by_one(embedding.embed_query), embedding.embed_documents)
