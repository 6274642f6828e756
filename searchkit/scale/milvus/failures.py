"""The errors of a server and of its client, as ours, each with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from searchkit.errors import RemoteError
from searchkit.scale.milvus.address import TOKEN_VARIABLE, Address, token

_LOG = "see the log of the server"
_REFUSED = ("auth", "permission", "privilege", "unauthenticated", "credential", "token")


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Errors of pymilvus, and those of gRPC that it lets through, come out as `RemoteError`, with the next step."""
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except MilvusException as exc:
        raise _error(address, str(exc.message or exc)) from exc
    except RpcError as exc:
        raise _error(address, str(exc)) from exc
    except ImportError as exc:  # a file needs milvus-lite
        raise RemoteError(
            f"{address.uri} is a file of milvus-lite, which is not installed", hint="pip install milvus-lite"
        ) from exc


def _error(address: Address, message: str) -> RemoteError:
    said = " ".join(message.split())[:300]
    folded = said.lower()
    if "expression" in folded:  # which quotes names and values of anybody's, such as author and timeout
        return RemoteError(f"the server at {address.uri} says: {said}", hint=_LOG)
    if any(word in folded for word in _REFUSED):
        given = "refuses the credentials" if token() else "asks for credentials"
        return RemoteError(
            f"the server at {address.uri} {given}: {said}", hint=f"set {TOKEN_VARIABLE} to user:password or a key"
        )
    if "connect" in folded or "unavailable" in folded or "deadline" in folded or "timeout" in folded:
        return RemoteError(
            f"no server of Milvus answers at {address.uri}: {said}",
            hint="check the address and that the server runs, then run the same command again; "
            "a push goes on where it stopped",
        )
    if "open local milvus failed" in folded:
        return RemoteError(
            f"{address.uri} cannot be opened: {said}",
            hint="name a file of milvus-lite that no other process has open, or a new one in a folder that is there",
        )
    return RemoteError(f"the server at {address.uri} says: {said}", hint=_LOG)
