"""The protocol over HTTP, behind the rules that hold for whatever is served: Host, Origin, token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response

from searchkit.listening import foreign_origin, is_called, is_token, shown_token
from searchkit.mcp.protocol import make_server

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from searchkit.mcp.desk import Desk
    from searchkit.mcp.settings import HttpSettings

PATH = "/mcp"


def make_app(desk: Desk, settings: HttpSettings) -> ASGIApp:
    """The application; each request stands for itself, so that nothing is kept of who asks."""
    app = make_server(desk).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=settings.body_bytes,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # see `_Guard`
        host=settings.host,
    )
    return _Guard(app, settings)


class _Guard:
    """Lets through what may pass, and tells the browser which pages may read the answer."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = foreign_origin(headers.get("origin"), scope.get("scheme", "http"), headers.get("host", ""))
        answer = self._instead(scope["method"], headers, origin) or self._app
        await answer(scope, receive, send if origin is None else self._readable(send, origin))

    def _instead(self, method: str, headers: Headers, origin: str | None) -> Response | None:
        """The answer to what does not get to the application."""
        settings = self._settings
        if not is_called(headers.get("host", ""), settings.host, settings.allow_hosts):
            return PlainTextResponse("this server has another name\n", 421)
        if origin is not None and origin not in settings.allow_origins:
            return PlainTextResponse("pages of this origin may not ask here\n", 403)
        if origin is not None and method == "OPTIONS":  # asked by the browser, which shows no token
            wanted = headers.get("access-control-request-headers", "authorization, content-type")
            allowed = {"access-control-allow-methods": "GET, POST, DELETE", "access-control-allow-headers": wanted}
            return Response(status_code=204, headers=allowed)
        if settings.token is not None and not is_token(shown_token(headers.get("authorization", "")), settings.token):
            return PlainTextResponse("a token is needed\n", 401, {"www-authenticate": "Bearer"})
        return None

    def _readable(self, send: Send, origin: str) -> Send:
        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start" and origin in self._settings.allow_origins:
                headers = MutableHeaders(scope=message)
                headers["access-control-allow-origin"] = origin
                headers.add_vary_header("Origin")
            await send(message)

        return readable
