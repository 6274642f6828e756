"""Here is an agent: gimme what it may look up. The index as tools of the Model Context Protocol, to be read alone.

Importing this room needs no library of the protocol; serving needs the extra ``mcp``.
"""

from __future__ import annotations

from searchkit.mcp.desk import Desk
from searchkit.mcp.running import serve_http, serve_stdio
from searchkit.mcp.settings import HttpSettings

__all__ = ["Desk", "HttpSettings", "serve_http", "serve_stdio"]
