"""Semantic search over your own documents, with an encoder you can train.

The public names, and nothing else. Each is imported from its room when first used, so that
``import searchkit`` costs a few milliseconds and brings neither numpy, faiss nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

if TYPE_CHECKING:
    from searchkit.encoder import SentenceEncoder, load_encoder
    from searchkit.errors import SearchkitError
    from searchkit.search import SearchEngine
    from searchkit.types import Document, Hit

__version__ = "1.0.0"
__all__ = ["Document", "Hit", "SearchEngine", "SearchkitError", "SentenceEncoder", "load_encoder"]

_ROOMS = {
    "types": ("Document", "Hit"),
    "search": ("SearchEngine",),
    "errors": ("SearchkitError",),
    "encoder": ("SentenceEncoder", "load_encoder"),
}
__getattr__, _names = lazy_names(__name__, _ROOMS)


def __dir__() -> list[str]:
    return [*_names(), "__version__"]
