"""Here is a request: gimme its answer. The index over HTTP, for browsers, programs and clients of OpenAI's embeddings.

Importing this room needs no web library; serving needs the extra ``server``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from searchkit.server.running import serve
from searchkit.server.settings import ServerSettings

if TYPE_CHECKING:
    from searchkit.server.app import make_app
    from searchkit.server.helpers import Launch

__all__ = ["Launch", "ServerSettings", "make_app", "serve"]
_HOME = {"make_app": "app", "Launch": "helpers"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
