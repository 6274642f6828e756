"""One collection of a server, through pymilvus: what searchkit asks of it, and its errors as ours."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchkit.errors import IndexNotFoundError, MissingExtraError, RemoteError
from searchkit.scale.milvus.address import TOKEN_VARIABLE, Address, token

if TYPE_CHECKING:
    from pymilvus import MilvusClient

    from searchkit.types import Rows

OLDEST = (2, 3)  # counts, upserts and deletes by any condition
CONNECT_S, ANSWER_S, CHANGE_S, LOOK_AGAIN_S = 10.0, 30.0, 120.0, 0.2
MOST_ROWS = 16_384  # that a server gives at once
READS = "Bounded"  # a search does not wait for what was written within the last seconds: 6 ms instead of 370
PROPERTY = "searchkit"  # of a collection: what we have to know of it, JSON
_VERSION = re.compile(r"(?:v|milvus_lite-)?([0-9]+)\.([0-9]+)")
_REFUSED = ("auth", "permission", "privilege", "unauthenticated", "credential", "token")


@dataclass(frozen=True, slots=True)
class Version:
    """What a server can do.

    Attributes:
        text: as it says.
        numbers: the first two; of milvus-lite, whose own count, None.
    """

    text: str
    numbers: tuple[int, int] | None

    @classmethod
    def parse(cls, text: str) -> Version:
        found = _VERSION.match(text)
        if found is None or text.startswith("milvus_lite"):
            return cls(text, None)
        return cls(text, (int(found[1]), int(found[2])))

    @property
    def has_words(self) -> bool:
        """Whether it has BM25 and ``text_match``."""
        return self.numbers is None or self.numbers >= (2, 5)

    @property
    def forgets_last_change(self) -> bool:
        """Whether the last change of a collection's properties is gone after a restart: milvus-io/milvus#30144."""
        return self.numbers is not None and self.numbers < (2, 4)

    @property
    def has_infix_like(self) -> bool:
        """Whether LIKE finds more than beginnings."""
        return self.numbers is None or self.numbers >= (2, 4)


class Collection:
    """A collection on a server. Safe to be used from many threads, as pymilvus's client is."""

    def __init__(self, address: Address) -> None:
        """Connect.

        Raises:
            MissingExtraError: pymilvus is not installed.
            RemoteError: no server answers there, it refuses us, or it is too old.
        """
        self.address, self._name = address, address.collection
        self._client = _client(address)
        with self._translated():
            self.version = Version.parse(self._client.get_server_version(timeout=CONNECT_S))
        if self.version.numbers is not None and self.version.numbers < OLDEST:
            self.close()
            raise RemoteError(
                f"the server at {address.uri} is Milvus {self.version.text}; expected {'.'.join(map(str, OLDEST))} or "
                "later, which can count and upsert",
                hint="upgrade the server",
            )

    def close(self) -> None:
        self._client.close()

    # --- the whole

    def exists(self) -> bool:
        with self._translated():
            return bool(self._client.has_collection(self._name, timeout=ANSWER_S))

    def note(self) -> dict[str, Any] | None:
        """What was kept by `keep_note`; None where nothing was.

        Raises:
            IndexNotFoundError: there is no such collection.
        """
        with self._translated():
            if not self.exists():
                raise IndexNotFoundError(
                    f"there is no collection {self._name!r} at {self.address.uri}",
                    hint=f"make it from an index, or from shards: searchkit push INDEX|OUT --milvus {self.address.uri} "
                    f"--collection {self._name}",
                )
            properties = self._client.describe_collection(self._name, timeout=ANSWER_S).get("properties") or {}
        values = json.loads(properties.get(PROPERTY, "null"))
        return values if isinstance(values, dict) else None

    def keep_note(self, values: Mapping[str, object]) -> None:
        """Keep JSON values with the collection, in the place of those before."""
        text = json.dumps(values, ensure_ascii=False)
        with self._translated():
            for _ in range(2 if self.version.forgets_last_change else 1):
                self._client.alter_collection_properties(self._name, {PROPERTY: text}, timeout=CHANGE_S)

    def create(self, schema: Any, indexes: Any, *, shards: int, note: Mapping[str, object]) -> None:
        """Make the collection, with its note and its indexes; nothing of it stays where one of them fails."""
        with self._translated():
            self._client.create_collection(
                self._name,
                schema=schema,
                num_shards=shards,
                consistency_level=READS,
                properties={PROPERTY: json.dumps(note, ensure_ascii=False)},
                timeout=CHANGE_S,
            )
            try:
                self._client.create_index(self._name, indexes, timeout=CHANGE_S)
            except BaseException:
                self._client.drop_collection(self._name, timeout=CHANGE_S)
                raise

    def load(self, replicas: int) -> None:
        """Have it in the memory of the server, so often."""
        with self._translated():
            self._client.load_collection(self._name, replica_number=replicas, timeout=CHANGE_S)

    def await_loaded(self) -> None:
        """Wait until it is in the memory of the server; one that was released, as milvus-lite does, is loaded."""
        from pymilvus.client.types import LoadState

        end = time.monotonic() + CHANGE_S
        with self._translated():
            while (state := self._load_state()) != LoadState.Loaded:
                if state != LoadState.Loading:
                    self._client.load_collection(self._name, timeout=CHANGE_S)
                if time.monotonic() > end:
                    raise RemoteError(
                        f"the server at {self.address.uri} is still loading {self._name!r} after {CHANGE_S:.0f} s",
                        hint="try again later",
                    )
                time.sleep(LOOK_AGAIN_S)

    def _load_state(self) -> object:
        return self._client.get_load_state(self._name, timeout=ANSWER_S)["state"]

    def flush(self) -> None:
        """Have what was sent sealed and indexed."""
        with self._translated():
            self._client.flush(self._name, timeout=CHANGE_S)

    # --- rows

    def upsert(self, rows: Sequence[Mapping[str, object]]) -> None:
        with self._translated():
            self._client.upsert(self._name, list(rows), timeout=CHANGE_S)

    def delete(self, expression: str) -> None:
        with self._translated():
            self._client.delete(self._name, filter=expression, timeout=CHANGE_S)

    def count(self, expression: str = "", *, strong: bool = False) -> int:
        """How many rows meet a condition; ``strong``: with all that was ever acknowledged."""
        found = self.query(expression, ["count(*)"], limit=None, strong=strong)
        return int(found[0]["count(*)"])

    def query(
        self, expression: str, fields: Sequence[str], *, limit: int | None = MOST_ROWS, strong: bool = False
    ) -> list[dict[str, Any]]:
        """The rows that meet a condition, at most ``limit`` of them."""
        options: dict[str, Any] = {} if limit is None else {"limit": limit}
        with self._translated():
            found = self._client.query(
                self._name,
                filter=expression,
                output_fields=list(fields),
                timeout=ANSWER_S,
                consistency_level="Strong" if strong else READS,
                **options,
            )
            return list(found)

    def all_rows(
        self, expression: str, fields: Sequence[str], low: int, high: int, *, strong: bool = False
    ) -> list[dict[str, Any]]:
        """Every row above the id ``low`` and up to ``high`` that meets a condition, however many there are."""
        span = f"chunk_id > {low} and chunk_id <= {high}"
        rows = self.query(f"{span} and ({expression})" if expression else span, fields, strong=strong)
        if len(rows) < MOST_ROWS or high - low <= 1:
            return rows
        middle = (low + high) // 2
        below = self.all_rows(expression, fields, low, middle, strong=strong)
        return below + self.all_rows(expression, fields, middle, high, strong=strong)

    def search(
        self,
        data: Rows | list[str],
        field: str,
        expression: str,
        fields: Sequence[str],
        *,
        limit: int,
        parameters: Mapping[str, object],
    ) -> list[list[dict[str, Any]]]:
        """For each of ``data`` the rows that are found, best first; consistency Bounded: reads may lag some seconds."""
        with self._translated():
            found = self._client.search(
                self._name,
                data=data if isinstance(data, list) else data.tolist(),
                anns_field=field,
                filter=expression,
                output_fields=list(fields),
                limit=min(limit, MOST_ROWS),
                search_params=dict(parameters),
                consistency_level=READS,
                timeout=ANSWER_S,
            )
            return [[dict(hit["entity"]) for hit in hits] for hits in found]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self.address):
            yield


def _client(address: Address) -> MilvusClient:
    try:
        from pymilvus import MilvusClient
    except ImportError as exc:
        raise MissingExtraError("pymilvus", "milvus") from exc
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # every error is raised as well
    with translated(address):
        return MilvusClient(uri=address.uri, token=token(), timeout=CONNECT_S)


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
    if any(word in folded for word in _REFUSED):
        given = "refuses the credentials" if token() else "asks for credentials"
        return RemoteError(
            f"the server at {address.uri} {given}: {said}", hint=f"set {TOKEN_VARIABLE} to user:password or a key"
        )
    if "connect" in folded or "unavailable" in folded or "deadline" in folded or "timeout" in folded:
        return RemoteError(
            f"no server of Milvus answers at {address.uri}: {said}",
            hint="check the address and that the server runs, then run the same command again: what was sent stays",
        )
    if "open local milvus failed" in folded:
        return RemoteError(
            f"{address.uri} cannot be opened: {said}",
            hint="name a file of milvus-lite that no other process has open, or a new one in a folder that is there",
        )
    return RemoteError(f"the server at {address.uri} says: {said}", hint="see the log of the server")
