"""Document -> chunks: passages about one thing, bounded by the encoder's own tokens.

Where a chunk begins and ends follows the document's structure (headings, paragraphs, code), then
sentences, then words; a token is cut only where a single line leaves nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

if TYPE_CHECKING:
    from searchkit.chunking.chunker import Chunker
    from searchkit.chunking.passage import body_text, passage_text
    from searchkit.chunking.sentences import sentence_spans
    from searchkit.chunking.settings import ChunkSettings

__all__ = ["ChunkSettings", "Chunker", "body_text", "passage_text", "sentence_spans"]
_ROOMS = {
    "chunker": ("Chunker",),
    "passage": ("body_text", "passage_text"),
    "sentences": ("sentence_spans",),
    "settings": ("ChunkSettings",),
}
__getattr__, __dir__ = lazy_names(__name__, _ROOMS)
