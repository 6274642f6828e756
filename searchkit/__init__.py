"""Semantic search over your own documents, with an encoder you can train.

The public names, and nothing else. Each is imported from its room when first used, so that
``import searchkit`` costs a few milliseconds and brings neither numpy, faiss nor torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.encoder import SentenceEncoder, load_encoder
    from searchkit.errors import SearchkitError
    from searchkit.search import SearchEngine
    from searchkit.types import Document, Hit

__version__ = "0.1.0"
__all__ = ["Document", "Hit", "SearchEngine", "SearchkitError", "SentenceEncoder", "load_encoder"]

_HOME = {
    "Document": "searchkit.types",
    "Hit": "searchkit.types",
    "SearchEngine": "searchkit.search",
    "SearchkitError": "searchkit.errors",
    "SentenceEncoder": "searchkit.encoder",
    "load_encoder": "searchkit.encoder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'searchkit' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
