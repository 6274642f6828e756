"""Where a collection is: a server, or a file of milvus-lite, and a name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from searchkit.errors import InputError

TOKEN_VARIABLE = "MILVUS_TOKEN"  # "user:password" or a key; never part of an address, which shells and logs keep
DEFAULT_PORT = 19530
_SCHEMES = {"milvus": "http", "milvus+https": "https", "http": "http", "https": "https"}
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]+")
_FORMS = "such as milvus://host:19530/collection, or http://host:19530 and a collection"


@dataclass(frozen=True, slots=True)
class Address:
    """A collection of a server.

    Attributes:
        uri: as pymilvus takes it: ``http://host:port``, ``https://host:port``, or the path of a file.
        collection: up to 255 letters, digits and underscores.
    """

    uri: str
    collection: str

    def __post_init__(self) -> None:
        if not _COLLECTION.fullmatch(self.collection):
            raise InputError(
                f"{self.collection!r} is not a collection's name; expected letters, digits and '_', no digit first",
                hint=f"such as {_suggested(self.collection)}",
            )

    def __str__(self) -> str:
        scheme, _, rest = self.uri.rpartition("://")
        return f"{'milvus+https' if scheme == 'https' else 'milvus'}://{rest}/{self.collection}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in ``milvus://host:port/collection``.

        Raises:
            InputError: it has no host or no collection, or holds a password.
        """
        server, _, collection = text.rstrip("/").rpartition("/")
        if server.endswith(("/", ":")) or "://" not in server:
            raise InputError(f"the address {_without_secrets(text)!r} names no collection", hint=_FORMS)
        return cls.of(server, collection)

    @classmethod
    def of(cls, server: str, collection: str) -> Address:
        """The collection of a server, with a scheme or as ``host:port`` alone, or of a file ending in .db.

        Raises:
            InputError: it is neither, or holds a password.
        """
        if _HOST_AND_PORT.fullmatch(server):
            server = f"http://{server}"
        if "://" not in server:
            if not server.endswith(".db"):
                raise InputError(f"{server!r} is no server of Milvus and no file of milvus-lite (.db)", hint=_FORMS)
            return cls(str(Path(server).absolute()), collection)
        try:
            parts = urlsplit(server)
        except ValueError as exc:  # brackets that hold no address
            raise InputError(f"{_without_secrets(server)!r} is no server of Milvus", hint=_FORMS) from exc
        if parts.username is not None or parts.password is not None:
            raise InputError(
                f"the address {_without_secrets(server)!r} holds credentials, which others can see in a command",
                hint=f"put user:password into the environment variable {TOKEN_VARIABLE}",
            )
        if parts.scheme in {"milvus"} and not parts.netloc and parts.path.endswith(".db"):
            return cls(parts.path, collection)
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/"):
            raise InputError(f"{server!r} is no server of Milvus", hint=_FORMS)
        try:
            port = parts.port or DEFAULT_PORT
        except ValueError as exc:
            raise InputError(f"{server!r} has no port that there is", hint=_FORMS) from exc
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(f"{_SCHEMES[parts.scheme]}://{host}:{port}", collection)


def token() -> str:
    """The credentials for the server; "" where there are none."""
    return os.environ.get(TOKEN_VARIABLE, "")


def _suggested(name: str) -> str:
    """A name that a collection may have, like one that it may not."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:250]
    return plain if _COLLECTION.fullmatch(plain) else f"c_{plain}"


def _without_secrets(text: str) -> str:
    return re.sub(r"://[^/@]*@", "://***@", text)
