"""How the protocol is served over HTTP, checked once before anything listens."""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.listening import check_origin, check_port, check_reach, check_token, is_loopback


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where to listen, and who may ask.

    Attributes:
        host, port: port 0 takes a free one.
        token: what every request has to show; needed where others than this machine can connect.
        allow_hosts: further names under which the server may be asked, such as a proxy's.
        allow_origins: of web pages that may ask.
        body_bytes: the largest request.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    body_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        check_port(self.port)
        check_reach(self.host, self.token)
        check_token("token", self.token)
        for origin in self.allow_origins:
            check_origin(origin)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)
