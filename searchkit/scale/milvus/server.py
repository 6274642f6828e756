"""One collection of a server, through pymilvus: what searchkit asks of it, and its errors as ours."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from searchkit.errors import IndexDamagedError, IndexNotFoundError, MissingExtraError, RemoteError
from searchkit.scale.milvus.address import Address, token
from searchkit.scale.milvus.failures import translated
from searchkit.scale.milvus.version import OLDEST, Version

if TYPE_CHECKING:
    from pymilvus import MilvusClient

    from searchkit.types import Rows

CONNECT_S, ANSWER_S, CHANGE_S = 10.0, 30.0, 120.0
MOST_ROWS = 16_384  # that a server gives at once
READS = "Bounded"  # a search does not wait for what was written within the last seconds: 6 ms instead of 370
PROPERTY = "searchkit"  # of a collection: what we have to know of it, JSON
_NOT_LOADED = ("not loaded", "not fully loaded", "on recovering", "call load()")


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
        try:
            self.version = self._checked_version()
        except BaseException:
            self.close()
            raise

    def _checked_version(self) -> Version:
        with self._translated():
            version = Version.parse(self._client.get_server_version(timeout=CONNECT_S))
        if version.numbers is not None and version.numbers < OLDEST:
            raise RemoteError(
                f"the server at {self.address.uri} is Milvus {version.text}; expected {'.'.join(map(str, OLDEST))} or "
                "later, which can count and upsert",
                hint="upgrade the server",
            )
        return version

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
            IndexDamagedError: it is no JSON any more.
        """
        with self._translated():
            if not self.exists():
                raise IndexNotFoundError(
                    f"there is no collection {self._name!r} at {self.address.uri}",
                    hint=f"make it from an index, or from shards: searchkit push INDEX|OUT --milvus {self.address.uri} "
                    f"--collection {self._name}",
                )
            properties = self._client.describe_collection(self._name, timeout=ANSWER_S).get("properties") or {}
        try:
            values = json.loads(properties.get(PROPERTY, "null"))
        except ValueError as exc:
            raise self.unreadable_note() from exc
        return values if isinstance(values, dict) else None

    def unreadable_note(self) -> IndexDamagedError:
        """The error for a note that another hand changed."""
        return IndexDamagedError(
            f"what the collection {self.address} says of itself cannot be read", hint="push to another --collection"
        )

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

    def load(self, replicas: int = 1) -> None:
        """Ask to have it in the memory of the server, so often; see `waiting.await_loaded`."""
        with self._translated():
            self._client.load_collection(self._name, replica_number=replicas, timeout=CHANGE_S, _async=True)

    def loaded_percent(self) -> int | None:
        """How much of it is in the memory of the server; None where nobody asked for it, or it was released."""
        from pymilvus.client.types import LoadState

        with self._translated():
            found = self._client.get_load_state(self._name, timeout=ANSWER_S)
        if found["state"] == LoadState.Loading:
            return min(99, int(found.get("progress", 0)))
        return 100 if found["state"] == LoadState.Loaded else None

    def not_loaded(self) -> RemoteError:
        """The error for a collection that cannot be asked yet, with how far the server is."""
        percent = self.loaded_percent()
        if percent is None:
            return RemoteError(
                f"the server at {self.address.uri} does not have {self._name!r} in its memory",
                hint="run the same command again, which has it loaded",
            )
        return RemoteError(
            f"the server at {self.address.uri} is still loading {self._name!r}: {percent} % are in its memory",
            hint="try again later",
        )

    def index_rows(self) -> tuple[int, int]:
        """How many rows there are for an index, those included that were deleted since, and how many it has.

        Of several indexes the one that is furthest behind.

        Raises:
            RemoteError: the server could not build one.
        """
        with self._translated():
            names = self._client.list_indexes(self._name)
            found = [self._client.describe_index(self._name, name, timeout=ANSWER_S) for name in names]
        for index in found:
            if index["state"] == "Failed":
                raise RemoteError(
                    f"the server at {self.address.uri} could not build the index of {self._name!r}",
                    hint="see the log of the server",
                )
        rows = max((int(index["total_rows"]) for index in found), default=0)
        built = [min(int(index["indexed_rows"]), rows - int(index["pending_index_rows"])) for index in found]
        return rows, max(0, min(built, default=0))

    def searched_rows(self, *, least: int) -> int | None:
        """How many rows the server searches by their index, and not by another for the meantime; None where it does
        not tell, as milvus-lite, which has no other.

        Args:
            least: rows of a part of the collection, from which on it has an index; a smaller one is searched whole.
        """
        from grpc import RpcError, StatusCode

        with self._translated():
            try:
                parts = self._client.list_loaded_segments(self._name, timeout=ANSWER_S)
            except RpcError as exc:
                if exc.code() is StatusCode.UNIMPLEMENTED:
                    return None
                raise
        searched = {one.segment_id: int(one.num_rows) for one in parts if one.index_id or one.num_rows < least}
        return sum(searched.values())

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
        with self._asking():
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
        with self._asking():
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

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """As `_translated`; that the collection is not loaded is told in our words."""
        try:
            with self._translated():
                yield
        except RemoteError as exc:
            if not any(words in exc.message.lower() for words in _NOT_LOADED):
                raise
            raise self.not_loaded() from exc


def _client(address: Address) -> MilvusClient:
    try:
        from pymilvus import MilvusClient
    except ImportError as exc:
        raise MissingExtraError("pymilvus", "milvus") from exc
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # every error is raised as well
    with translated(address):
        return MilvusClient(uri=address.uri, token=token(), timeout=CONNECT_S)
