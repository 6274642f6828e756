"""How the protocol is served over HTTP, checked once before anything listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from searchkit.errors import InputError

SHORTEST_TOKEN = 16
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


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
        if not 0 <= self.port < 1 << 16:
            raise InputError(f"port is {self.port}; expected 0 to 65535")
        if self.token is None and not self.is_loopback:
            raise InputError(
                f"{self.host} can be reached from other machines; expected a token",
                hint="set SEARCHKIT_TOKEN, or give --token-file FILE; or listen on 127.0.0.1",
            )
        if self.token is not None and not _is_token(self.token):
            raise InputError(
                f"the token has {len(self.token)} characters; expected at least {SHORTEST_TOKEN}, of ASCII and "
                "without spaces",
                hint='make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
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
    def hosts(self) -> list[str]:
        """What may stand in the Host header, with any port and without."""
        own = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        names = [*_LOOPBACK, own, *self.allow_hosts]
        return [form for name in dict.fromkeys(names) for form in (name, f"{name}:*")]


def _is_token(text: str) -> bool:
    return len(text) >= SHORTEST_TOKEN and text.isascii() and text.isprintable() and " " not in text
