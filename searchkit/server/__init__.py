"""Here is a request: gimme its answer. The index over HTTP, for browsers, programs and clients of OpenAI's embeddings.

Importing this room needs no web library; serving needs the extra ``server``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from searchkit.server.running import serve
from searchkit.server.settings import ServerSettings

if TYPE_CHECKING:
    from searchkit.server.app import make_app

__all__ = ["ServerSettings", "make_app", "serve"]


def __getattr__(name: str) -> Any:
    if name != "make_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from searchkit.server.app import make_app

    return make_app
