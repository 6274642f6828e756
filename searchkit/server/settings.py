"""How a server runs, checked once before it listens."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass

from searchkit.errors import InputError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SHORTEST_TOKEN = 16
MOST_WORKERS = 8  # unless more are asked for


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server is told.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        token: what every request has to show; needed where others than this machine can connect.
        write_token: what a change has to show; nothing can be changed without one. It may read as well.
        allow_origins: of web pages elsewhere that may ask.
        allow_hosts: further names under which the server may be asked, such as a proxy's.
        rerankers: cross-encoders that a request may ask for, by name or folder.
        workers: batches of queries that are answered at the same time; None: one for each processor, at most 8.
        most_waiting: requests that wait for a thread; one more is refused.
        body_bytes: the largest body.
        time_limit_s: for one request.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    write_token: str | None = None
    allow_origins: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    rerankers: tuple[str, ...] = ()
    workers: int | None = None
    most_waiting: int = 256
    body_bytes: int = 16 << 20
    time_limit_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0 <= self.port < 1 << 16:
            raise InputError(f"port is {self.port}; expected 0 to 65535")
        for name, least in (("most_waiting", 1), ("body_bytes", 1), ("time_limit_s", 0.01)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; expected at least {least}")
        if self.workers is not None and self.workers < 1:
            raise InputError(f"workers is {self.workers}; expected at least 1")
        for name in ("token", "write_token"):
            _check_token(name.replace("_", " "), getattr(self, name))
        for origin in self.allow_origins:
            _check_origin(origin)
        if self.token is None and not self.is_loopback:
            raise InputError(
                f"{self.host} can be reached from other machines; expected a token",
                hint="set SEARCHKIT_TOKEN, or give --token-file FILE; or listen on 127.0.0.1",
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:  # a name: where it leads can change
            return False

    @property
    def worker_count(self) -> int:
        """How many workers there are."""
        if self.workers is not None:
            return self.workers
        here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(here, MOST_WORKERS)


def _check_token(name: str, token: str | None) -> None:
    if token is None:
        return
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"the {name} has {len(token)} characters; expected at least {SHORTEST_TOKEN}, of ASCII and without spaces",
            hint='make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )


def _check_origin(origin: str) -> None:
    scheme, mark, rest = origin.partition("://")
    if scheme not in ("http", "https") or not mark or not rest or "/" in rest:
        raise InputError(f"origin is {origin!r}; expected one such as https://notes.example.org")
