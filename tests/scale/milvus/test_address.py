from __future__ import annotations

import pytest

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.scale.milvus import Address


@pytest.mark.parametrize(
    ("server", "uri", "shown"),
    [
        ("http://host:19530", "http://host:19530", "milvus://host:19530/notes"),
        ("milvus://host", "http://host:19530", "milvus://host:19530/notes"),
        ("https://db.example.org:443", "https://db.example.org:443", "milvus+https://db.example.org:443/notes"),
        ("milvus+https://host/", "https://host:19530", "milvus+https://host:19530/notes"),
        ("http://[::1]:1", "http://[::1]:1", "milvus://[::1]:1/notes"),
        ("/data/lite.db", "/data/lite.db", "milvus:///data/lite.db/notes"),
    ],
)
def test_an_address_is_read_back_as_it_is_shown(server: str, uri: str, shown: str) -> None:
    address = Address.of(server, "notes")
    assert (address.uri, str(address)) == (uri, shown)
    assert Address.parse(shown) == address


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("milvus://host:19530", "names no collection"),
        ("milvus:///notes", "names no collection"),
        ("milvus://host:port/notes", "has no port"),
        ("milvus://host:19530/a/notes", "is no server"),
        ("milvus://[::1/notes", "is no server"),
        ("milvus://[no]/notes", "is no server"),
        ("milvus://host/no-tes", "is not a collection's name"),
        ("milvus://host/1st", "is not a collection's name"),
    ],
)
def test_what_is_no_address_is_told(text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        Address.parse(text)


def test_a_host_and_a_port_need_no_scheme() -> None:
    assert Address.of("localhost:19530", "notes") == Address.of("http://localhost:19530", "notes")


@pytest.mark.parametrize(("name", "like"), [("no-tes", "no_tes"), ("1st", "c_1st"), ("größe", "gr_e"), ("-", "_")])
def test_a_name_that_a_collection_may_have_is_offered(name: str, like: str) -> None:
    with pytest.raises(InputError, match="is not a collection's name") as caught:
        Address.of("http://host:19530", name)
    assert caught.value.hint == f"such as {like}"
    Address.of("http://host:19530", like)


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="holds credentials") as caught:
        SearchEngine.open("milvus://root:secret@host:19530/notes")
    assert "secret" not in str(caught.value)
    assert "MILVUS_TOKEN" in caught.value.hint


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(InputError, match="nothing here opens redis:// addresses; known: milvus"):
        SearchEngine.open("redis://host/notes")
