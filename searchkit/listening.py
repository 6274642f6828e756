"""Where a server of ours listens, and who may ask it: what holds whatever is served there."""

from __future__ import annotations

import ipaddress
import socket

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
    try:
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
