"""Where a server of ours listens, who may ask it, and how long it waits: what holds whatever is served there."""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from searchkit.errors import InputError

if TYPE_CHECKING:
    import asyncio

    import uvicorn

SHORTEST_TOKEN = 16
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MOST_CONNECTIONS = 1024
IDLE_S = 30.0  # a connection is kept so long without a whole request, and without anything of an answer being taken


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name: where it leads can change
        return False


def check_port(port: int) -> None:
    """Raises `InputError` for what is no port."""
    if not 0 <= port < 1 << 16:
        raise InputError(f"port is {port}; expected 0 to 65535")


def check_reach(host: str, token: str | None) -> None:
    """Raises `InputError` where other machines could ask without a token."""
    if token is None and not is_loopback(host):
        raise InputError(
            f"{host} can be reached from other machines; expected a token",
            hint="set SEARCHKIT_TOKEN, or give --token-file FILE; or listen on 127.0.0.1",
        )


def check_token(name: str, token: str | None) -> None:
    """Raises `InputError` for a token that is too short, or that a header cannot hold; None is none at all."""
    if token is None:
        return
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"the {name} has {len(token)} characters; expected at least {SHORTEST_TOKEN}, of ASCII and without spaces",
            hint='make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )


def check_origin(origin: str) -> None:
    """Raises `InputError` for what no browser says of a page: something else than scheme, name and port."""
    scheme, mark, rest = origin.partition("://")
    if scheme not in ("http", "https") or not mark or not rest or "/" in rest or rest != rest.lower():
        raise InputError(f"origin is {origin!r}; expected one such as https://notes.example.org, in lower case")


def is_called(host: str, own: str, others: Sequence[str]) -> bool:
    """Whether a Host header names what listens on ``own``, or under one of the ``others``; ports do not matter.

    Another site's name that was pointed at this machine (DNS rebinding) is none of these. What listens for other
    machines may be called by any address too: rebinding needs a name.
    """
    name = _without_port(host)
    if name in LOOPBACK_NAMES or name in map(_without_port, (own, *others)):
        return True
    return not is_loopback(own) and _is_address(name)


def foreign_origin(origin: str | None, scheme: str, host: str) -> str | None:
    """The origin of the page that asks, if it is not the server's own, by the request's scheme and Host."""
    return None if origin == f"{scheme}://{host}" else origin


def shown_token(authorization: str) -> str:
    """The token in an Authorization header; "" where it shows none."""
    scheme, _, shown = authorization.partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


def is_token(shown: str, token: str | None) -> bool:
    """Whether it is the token, in a time that does not tell how much of it is right."""
    return token is not None and hmac.compare_digest(shown.encode(), token.encode())


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; made here so that what is wrong with the address is said plainly. Port 0 is any free one.

    Raises:
        InputError: the address is taken, or is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"{host} is no address of this machine: {error.strerror}") from error
    except UnicodeError as error:  # a name that no domain can have
        raise InputError(f"{host!r} is no address of this machine: {error}") from error
    try:
        if os.name != "nt":  # there it would let two servers listen at one address
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another with --port"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Where it listens, as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def config_of(app: Any, http: type[asyncio.Protocol] | None = None, **more: Any) -> uvicorn.Config:
    """How uvicorn serves an ASGI application.

    Args:
        http: `punctual_protocol`, or a class made from it; None for itself.
        more: of uvicorn's settings.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        http=http or punctual_protocol(),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=int(IDLE_S),
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        lifespan="on",
        ws="none",
        **more,
    )


def punctual_protocol() -> Any:
    """HTTP/1.1 that hangs up on who connects and does not ask.

    uvicorn waits for ever for a first request, and anew from every byte of a later one; and for who takes no answer.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Punctual(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._untaken = 0
            self._due = self.loop.call_later(IDLE_S, self._hang_up)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_answering:
                self._due.cancel()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._untaken = 0
            self._due.cancel()
            if not self._is_answering:  # a request that came with the last one
                self._due = self.loop.call_later(IDLE_S, self._hang_up)

        def connection_lost(self, exc: Exception | None) -> None:
            self._due.cancel()
            super().connection_lost(exc)

        @property
        def _is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _hang_up(self) -> None:
            before, self._untaken = self._untaken, self.transport.get_write_buffer_size()
            if not self._untaken:
                self.timeout_keep_alive_handler()
            elif self._untaken == before:
                self.transport.abort()
            else:  # slow, and at it
                self._due = self.loop.call_later(IDLE_S, self._hang_up)

    return Punctual


def _without_port(host: str) -> str:
    """The name in a Host header, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return (host.rpartition(":")[0] if host.count(":") == 1 else host).lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
