"""Where a server of ours listens, and who may ask it: rules that hold whatever is served there."""

from __future__ import annotations

import ipaddress

from searchkit.errors import InputError

SHORTEST_TOKEN = 16


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
