"""What a server says, told with the next step, and what is left of a connection then; without any server."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from searchkit.errors import IndexDamagedError, RemoteError
from searchkit.scale.milvus import Address, server
from searchkit.scale.milvus.failures import _error
from searchkit.scale.milvus.note import read_note
from searchkit.scale.milvus.reader import MilvusReader
from searchkit.scale.milvus.server import PROPERTY, Collection
from searchkit.scale.milvus.words import Phrase

ADDRESS = Address.of("http://host:19530", "notes")


class MilvusException(Exception):  # noqa: N818 - the name is pymilvus's
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for pymilvus and its client."""
    grpc, pymilvus, exceptions = ModuleType("grpc"), ModuleType("pymilvus"), ModuleType("pymilvus.exceptions")
    vars(grpc)["RpcError"] = type("RpcError", (Exception,), {})
    vars(exceptions)["MilvusException"] = MilvusException
    for module in (grpc, pymilvus, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    made = SimpleNamespace(closed=0, get_server_version=lambda **_: "v2.6.0")
    made.close = lambda: setattr(made, "closed", made.closed + 1)
    monkeypatch.setattr(server, "_client", lambda _: made)
    return made


@pytest.mark.parametrize(
    ("said", "told", "hint"),
    [
        ("auth check failure, please check username and password are correct", "asks for credentials", "MILVUS_TOKEN"),
        ("Fail connecting to server", "no server of Milvus answers", "check the address"),
        ("Deadline Exceeded", "no server of Milvus answers", "check the address"),
        ("collection is broken", "says: collection is broken", "log of the server"),
        (
            'failed to create query plan: cannot parse expression: facts["is"] has author=t:timeout',
            "says: failed to create query plan",
            "log of the server",
        ),
    ],
)
def test_what_went_wrong_is_told_from_what_it_is_about(
    said: str, told: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that a server does not take is quoted by it, with names and values that mean something else."""
    monkeypatch.delenv("MILVUS_TOKEN", raising=False)
    error = _error(ADDRESS, said)
    assert told in error.message
    assert hint in error.hint


@pytest.mark.parametrize("says", ["v2.2.9", None])
def test_of_a_server_that_is_of_no_use_no_connection_is_left(client: SimpleNamespace, says: str | None) -> None:
    def version(**_: object) -> str:
        if says is None:
            raise MilvusException("auth check failure")
        return says

    client.get_server_version = version
    with pytest.raises(RemoteError):
        Collection(ADDRESS)
    assert client.closed == 1


@pytest.mark.parametrize("kept", ['{"format": 1', '{"format": "1"}', '{"format": 1}'])
def test_a_note_that_another_hand_changed_is_named(client: SimpleNamespace, kept: str) -> None:
    client.has_collection = lambda *_, **__: True
    client.describe_collection = lambda *_, **__: {"properties": {PROPERTY: kept}}
    with pytest.raises(IndexDamagedError, match="what the collection milvus://host:19530/notes says of itself"):
        read_note(Collection(ADDRESS))


def test_chunks_that_go_while_they_are_counted_hold_nothing() -> None:
    gone: Any = SimpleNamespace(count=lambda _: 3, query=lambda *_, **__: [])
    reader = MilvusReader(gone, None, {})  # type: ignore[arg-type]
    assert reader._holders_of({Phrase(("two", "words")): 1}) == {Phrase(("two", "words")): 0}
