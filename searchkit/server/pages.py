"""The web page: files of ``searchkit/server/page``, read once. They hold nothing of the index."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from searchkit.server.failures import NotThereError
from searchkit.server.frame import FRAME, frame_files
from searchkit.server.operations import Access, Operation
from searchkit.server.site import Site

START = "index.html"
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
FRAME_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


async def start(_: Site, request: Request, __: dict[str, Any]) -> Response:
    """The page."""
    return _file(START, request)


async def part(_: Site, request: Request, __: dict[str, Any]) -> Response:
    """A file that the page loads."""
    return _file(request.path_params["name"], request)


@cache
def _files() -> dict[str, bytes]:
    """Every file by name: those of the page's folder itself, nothing below or above it, and those of the map."""
    own = (file for file in files("searchkit.server").joinpath("page").iterdir() if file.is_file())
    return {**{file.name: file.read_bytes() for file in own}, **frame_files()}


def _file(name: str, request: Request) -> Response:
    if name not in _files() or name.startswith((".", "_")):
        raise NotThereError(f"there is no page {name[:60]!r}", hint="the page is at /")
    content = _files()[name]
    headers = {
        "content-security-policy": FRAME_POLICY if name == FRAME else PAGE_POLICY,
        "cache-control": "no-cache",
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    suffix = f".{name.rpartition('.')[2]}"
    kind = _KINDS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content, headers=headers, media_type=kind)


OPERATIONS = (
    Operation("GET", "/", start, "The web page.", gives="text/html", access=Access.OPEN),
    Operation("GET", "/page/{name}", part, "A file of the web page.", gives="*/*", access=Access.OPEN, statuses=(404,)),
)
