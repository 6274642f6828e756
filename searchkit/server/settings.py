"""How a server runs, checked once before it listens."""

from __future__ import annotations

import os
from dataclasses import dataclass

from searchkit.errors import InputError
from searchkit.listening import check_origin, check_port, check_reach, check_token, is_loopback

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
        check_port(self.port)
        for name, least in (("most_waiting", 1), ("body_bytes", 1), ("time_limit_s", 0.01)):
            if not getattr(self, name) >= least:  # NaN is neither
                raise InputError(f"{name} is {getattr(self, name)}; expected at least {least}")
        if self.workers is not None and self.workers < 1:
            raise InputError(f"workers is {self.workers}; expected at least 1")
        for name in ("token", "write_token"):
            check_token(name.replace("_", " "), getattr(self, name))
        for origin in self.allow_origins:
            check_origin(origin)
        check_reach(self.host, self.token)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def worker_count(self) -> int:
        """How many workers there are."""
        if self.workers is not None:
            return self.workers
        here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(here, MOST_WORKERS)
