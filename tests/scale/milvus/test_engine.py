"""Errors of servers, and what an index on a server does not do."""

from __future__ import annotations

import builtins
import socket
from pathlib import Path
from typing import Any

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import EncoderError, IndexNotFoundError, InputError, MissingExtraError, RemoteError
from searchkit.scale.milvus import Address, server
from searchkit.scale.milvus.failures import translated
from searchkit.scale.milvus.note import read_note
from searchkit.scale.milvus.push import PushOptions, push
from searchkit.scale.milvus.server import Collection
from searchkit.scale.milvus.version import Version


@pytest.mark.parametrize(
    ("text", "numbers", "words", "infix"),
    [
        ("v2.3.5-lite", (2, 3), False, False),
        ("v2.4.0", (2, 4), False, True),
        ("2.5.4", (2, 5), True, True),
        ("v2.10.1-dev", (2, 10), True, True),
        ("milvus_lite-3.2.2", None, True, True),
        ("a cloud", None, True, True),
    ],
)
def test_versions_tell_what_a_server_can_do(
    text: str, numbers: tuple[int, int] | None, words: bool, infix: bool
) -> None:
    version = Version.parse(text)
    assert (version.numbers, version.has_words, version.has_infix_like) == (numbers, words, infix)


def test_a_collection_that_is_not_there_is_told_with_the_next_step(address: Address, encoder: WordEncoder) -> None:
    with (
        SearchEngine.open(str(address), encoder=encoder) as remote,
        pytest.raises(IndexNotFoundError, match="there is no collection") as caught,
    ):
        remote.search("x")
    assert "searchkit push INDEX|OUT --milvus" in caught.value.hint


def test_no_server_is_told_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymilvus")
    monkeypatch.setattr(server, "CONNECT_S", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        remote = SearchEngine.open(f"milvus://127.0.0.1:{taken.getsockname()[1]}/c")
        with pytest.raises(RemoteError, match="no server of Milvus answers") as caught:
            remote.search("x")
    assert "run the same command again" in caught.value.hint


def test_a_file_that_is_none_of_milvus_lite_is_told(tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite")
    (tmp_path / "notes.db").write_text("something else")
    for place in ("notes.db", "no/such/folder.db"):
        with pytest.raises(RemoteError, match=r"\.db cannot be opened") as caught:
            Collection(Address.of(str(tmp_path / place), "c"))
        assert "a folder that is there" in caught.value.hint


def test_a_server_that_answers_too_late_is_told(address: Address) -> None:
    grpc = pytest.importorskip("grpc")

    class Late(grpc.RpcError):
        def __str__(self) -> str:
            return "status = StatusCode.DEADLINE_EXCEEDED"

    with pytest.raises(RemoteError, match=r"answers at .*DEADLINE_EXCEEDED"), translated(address):
        raise Late


def test_an_old_server_is_refused(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymilvus import MilvusClient

    monkeypatch.setattr(MilvusClient, "get_server_version", lambda _self, **_: "v2.2.9")
    with pytest.raises(RemoteError, match=r"is Milvus v2.2.9; expected 2.3 or later"):
        Collection(address)


@pytest.mark.parametrize(("token", "said"), [("", "asks for credentials"), ("root:wrong", "refuses the credentials")])
def test_credentials_are_read_from_the_environment(
    token: str, said: str, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymilvus import MilvusClient
    from pymilvus.exceptions import MilvusException

    given = []

    def refuse(_self: object, *_values: object, **named: Any) -> None:
        given.append(named["token"])
        raise MilvusException(code=1100, message="auth check failure, please check username and password are correct")

    monkeypatch.setattr(MilvusClient, "__init__", refuse)
    monkeypatch.setenv("MILVUS_TOKEN", token)
    with pytest.raises(RemoteError, match=said) as caught:
        Collection(address)
    assert given == [token]
    assert "MILVUS_TOKEN" in caught.value.hint
    assert "wrong" not in str(caught.value)


def test_a_missing_client_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *values: Any, **named: Any) -> Any:
        if name.startswith("pymilvus"):
            raise ImportError(name)
        return real(name, *values, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match="pymilvus is not installed") as caught:
        Collection(Address.of("http://127.0.0.1:1", "c"))
    assert caught.value.extra == "milvus"


def test_an_index_on_a_server_is_not_changed_from_there(mirror: Any) -> None:
    mirror.engine.add(["a text"])
    mirror.push()
    with mirror.open() as remote:
        for change in (lambda: remote.add(["another"]), lambda: remote.delete(["text-1"]), lambda: remote.rebuild()):
            with pytest.raises(InputError, match="is not changed from here") as caught:
                change()
            assert "--sync" in caught.value.hint
        with pytest.raises(InputError, match="ask the index that it was pushed from"):
            remote.why("text", "text-1")
        assert remote.locate("a.md") is None
        status = remote.status()
    assert (status.chunks, status.documents, status.name) == (1, 1, str(mirror.address))
    with pytest.raises(InputError, match="the engine is closed"):
        remote.search("x")


def test_an_encoder_inside_the_index_is_asked_for(mirror: Any, address: Address) -> None:
    from dataclasses import replace

    mirror.engine.add(["a text"])
    mirror.push()
    collection = Collection(address)
    note = read_note(collection)
    replace(note, settings=replace(note.settings, encoder="./encoder")).keep(collection)
    collection.close()
    with SearchEngine.open(str(address)) as remote, pytest.raises(EncoderError, match="lies in the folder") as caught:
        remote.search("x")
    assert "--model" in caught.value.hint


def test_more_rows_than_are_given_at_once_are_all_read(
    mirror: Any, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.engine.add([f"text {number}" for number in range(40)])
    mirror.push()
    monkeypatch.setattr(server, "MOST_ROWS", 8)
    collection = Collection(address)
    monkeypatch.setattr(
        collection, "query", lambda *values, **named: Collection.query(collection, *values, limit=8, **named)
    )
    rows = collection.all_rows("document_id > 3", ["chunk_id"], 0, 40)
    collection.close()
    assert sorted(row["chunk_id"] for row in rows) == list(range(4, 41))


def test_push_and_query_from_the_command_line(
    mirror: Any, encoder: WordEncoder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchkit.cli import main
    from searchkit.search import encoders

    monkeypatch.setattr(encoders.EncoderChoice, "load", lambda _self, _recorded=None: encoder)
    mirror.engine.add(["apples grow on trees", "boats sail the sea"])
    place = ["--milvus", mirror.address.uri, "--collection", mirror.address.collection]
    assert main(["push", str(mirror.engine.folder), *place]) == 0
    said = capsys.readouterr().out
    assert "2 chunks" in said
    assert f'searchkit query {" ".join(place)} "what you want to know"' in said
    assert main(["status", "--index", str(mirror.address)]) == 0
    said = capsys.readouterr().out
    assert "chunks:    2" in said
    assert "hnsw (on the server)" in said
    assert "folder" not in said
    assert main(["topics", "--index", str(mirror.address)]) == 2
    assert "does not have what this looks at" in capsys.readouterr().err
    assert main(["query", "apples", "-k", "1", "--mode", "dense", *place]) == 0
    assert "apples grow" in capsys.readouterr().out
    assert main(["query", "apples", "--milvus", mirror.address.uri]) == 2
    assert "--milvus and --collection go together" in capsys.readouterr().err
    assert main(["push", str(mirror.engine.folder)]) == 2


def test_pushing_needs_a_server(engine: SearchEngine) -> None:
    pytest.importorskip("pymilvus")
    engine.add(["a text"])
    with pytest.raises(InputError, match="is no server of Milvus and no file"):
        push(engine, Address.of("somewhere", "c"), PushOptions())


def test_a_collection_that_was_released_is_loaded_again(mirror: Any) -> None:
    mirror.engine.add(["apples grow on trees"])
    mirror.push()
    collection = Collection(mirror.address)
    collection._client.release_collection(mirror.address.collection)
    collection.close()
    with mirror.open() as remote:
        assert len(remote.search("apples", mode="dense")) == 1


@pytest.mark.parametrize(("version", "times"), [("v2.3.5", 2), ("v2.4.0", 1), ("milvus_lite-3.2.2", 1)])
def test_servers_that_forget_the_last_change_are_told_twice(
    mirror: Any, monkeypatch: pytest.MonkeyPatch, version: str, times: int
) -> None:
    mirror.engine.add(["apples grow on trees"])
    mirror.push()
    collection = Collection(mirror.address)
    note, told = read_note(collection), []
    collection.version = Version.parse(version)
    monkeypatch.setattr(
        type(collection._client), "alter_collection_properties", lambda *values, **_: told.append(values)
    )
    note.keep(collection)
    collection.close()
    assert len(told) == times
