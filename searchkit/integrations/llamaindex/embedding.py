"""An encoder as an embedding model, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr

from searchkit.integrations.foreign import ForeignEncoder, one_by_one
from searchkit.integrations.opening import loaded
from searchkit.integrations.threads import in_thread

if TYPE_CHECKING:
    from searchkit.encoder import Encoder


class SearchkitEmbedding(BaseEmbedding):
    """Embeddings of an encoder; queries and texts have their own prompts where the checkpoint has."""

    _encoder: Any = PrivateAttr()

    def __init__(self, encoder: Encoder | str | Path | None = None, **settings: Any) -> None:
        """Use an encoder, or the name or folder of its checkpoint; None for the bundled one."""
        found = loaded(encoder)
        super().__init__(**{"model_name": found.name, **settings})
        self._encoder = found

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

    _aget_query_embedding = in_thread(_get_query_embedding)
    _aget_text_embedding = in_thread(_get_text_embedding)
    _aget_text_embeddings = in_thread(_get_text_embeddings)


def encoder_of(embed_model: BaseEmbedding) -> Encoder:
    """The encoder under our own embedding model; others as one, known by their class and model name."""
    if isinstance(embed_model, SearchkitEmbedding):
        return embed_model.encoder
    name = f"llamaindex {embed_model.class_name()} {embed_model.model_name}"
    return ForeignEncoder(name, one_by_one(embed_model.get_query_embedding), embed_model.get_text_embedding_batch)
