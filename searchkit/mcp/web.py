"""The protocol over HTTP: a token where one is asked for, then the Host and Origin checks of the library."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from searchkit.mcp.protocol import make_server

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from searchkit.mcp.desk import Desk
    from searchkit.mcp.settings import HttpSettings

PATH = "/mcp"


def make_app(desk: Desk, settings: HttpSettings) -> ASGIApp:
    """The application; each request stands for itself, so that nothing is kept of who asks."""
    hosts = settings.hosts
    own = [f"http://{name}" for name in hosts] if settings.is_loopback else []
    app = make_server(desk).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=settings.body_bytes,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=[*own, *settings.allow_origins]
        ),
        host=settings.host,
    )
    return app if settings.token is None else _TokenCheck(app, settings.token)


class _TokenCheck:
    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            shown = Headers(scope=scope).get("authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(shown, self._expected):
                refusal = PlainTextResponse("a token is needed\n", 401, {"www-authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
