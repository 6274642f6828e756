"""What stands before every request: which hosts and origins may ask, how large a body may be, the headers of answers.

A page of another site cannot read this server through its visitor's browser: a name that an attacker points at this
machine (DNS rebinding) is refused by the Host header, a request from his page by the Origin header. Plain ASGI.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from searchkit.listening import foreign_origin, is_called, is_token, shown_token
from searchkit.server.failures import (
    BusyError,
    ForbiddenError,
    RequestError,
    SlowBodyError,
    TokenError,
    TooLargeError,
    failure,
)
from searchkit.server.operations import Access

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from searchkit.server.settings import ServerSettings
    from searchkit.server.site import Site

_SECURITY = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cache-control", "no-store"),
)
_PREFLIGHT = (
    ("access-control-allow-methods", "GET, POST, DELETE"),
    ("access-control-allow-headers", "authorization, content-type"),
    ("access-control-max-age", "600"),
)
_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")  # any other word is one kind, or counters would grow for ever


class Guard:
    """Lets through what may pass, and dresses every answer."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site, self._settings = app, site, site.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, seen, headers = time.perf_counter(), _Seen(), Headers(scope=scope)
        origin = foreign_origin(headers.get("origin"), scope.get("scheme", "http"), headers.get("host", ""))
        dressed = self._dressed(send, seen, origin)
        try:
            await self._answer(scope, self._limited(scope, receive), dressed, origin)
        except RequestError as error:
            await failure(error)(scope, receive, dressed)
        finally:
            place = scope.get("searchkit.path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._site.metrics.saw(place, method, seen.status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, origin: str | None) -> None:
        check_host(Headers(scope=scope).get("host", ""), self._settings)
        if origin is not None and origin not in self._settings.allow_origins:
            raise ForbiddenError(f"pages of {origin[:100]} may not ask here", hint="start with --allow-origin ORIGIN")
        if origin is not None and scope["method"] == "OPTIONS":
            await _preflight(send)
            return
        await self._app(scope, receive, send)

    def _dressed(self, send: Send, seen: _Seen, origin: str | None) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY:
                    headers.setdefault(name, value)
                if origin is not None and origin in self._settings.allow_origins:
                    headers["access-control-allow-origin"] = origin
                    headers["cross-origin-resource-policy"] = "cross-origin"
                if self._settings.allow_origins:
                    headers.add_vary_header("Origin")
            await send(message)

        return dressed

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """The body, as far as it is not too large or too slow."""
        most, said = self._settings.body_bytes, Headers(scope=scope).get("content-length", "")
        too_large = TooLargeError(f"the body has more than {most:,} bytes", hint="send it in parts")
        until = time.monotonic() + self._settings.time_limit_s
        got = 0

        async def limited() -> Message:
            nonlocal got
            if said.isdecimal() and int(said[:20]) > most:
                raise too_large
            try:
                message = await asyncio.wait_for(receive(), max(0.01, until - time.monotonic()))
            except asyncio.TimeoutError:
                raise SlowBodyError("the body did not arrive in time") from None
            got += len(message.get("body", b""))
            if got > most:
                raise too_large
            return message

        return limited


class _Seen:
    """The status of an answer; 499 where nobody was there any more."""

    status = 499


async def _preflight(send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in _PREFLIGHT]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def check_host(host: str, settings: ServerSettings) -> None:
    """Raises `ForbiddenError` for a name that is not this server's."""
    if not is_called(host, settings.host, settings.allow_hosts):
        raise ForbiddenError(f"this server is not called {host[:100]!r}", hint="start with --allow-host NAME")


def check_token(headers: Headers, access: Access, settings: ServerSettings) -> None:
    """Raises `TokenError` or `ForbiddenError` where the request does not show what it needs."""
    if access is Access.OPEN or (access is Access.READ and settings.token is None):
        return
    if access is Access.WRITE and settings.write_token is None:
        raise ForbiddenError("this server changes nothing", hint="start it with SEARCHKIT_WRITE_TOKEN set")
    shown = shown_token(headers.get("authorization", ""))
    if not shown:
        raise TokenError("a token is needed", hint="send the header Authorization: Bearer TOKEN")
    may_write, may_read = is_token(shown, settings.write_token), is_token(shown, settings.token)
    if may_write or (access is Access.READ and may_read):
        return
    if may_read:
        raise ForbiddenError("this token may read alone", hint="changes need the token for writing")
    raise TokenError("the token is wrong", hint="send the header Authorization: Bearer TOKEN")


def busy() -> BusyError:
    """The error for a request that takes too long."""
    return BusyError("the answer took too long", hint="ask for less, or try again in a moment")
