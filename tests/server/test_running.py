"""What stands before the application: bytes that are no request."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from browsing import served

from searchkit import SearchEngine
from searchkit.server.running import MOST_HEAD_BYTES


@pytest.fixture
def address(engine: SearchEngine) -> Iterator[tuple[str, int]]:
    with served(engine) as known:
        place = urlsplit(known)
        assert place.hostname is not None
        assert place.port is not None
        yield place.hostname, place.port


def answer_to(address: tuple[str, int], request: bytes) -> tuple[bytes, bytes]:
    """Head and body of what comes back until the server closes the connection."""
    with socket.create_connection(address) as connection:
        connection.sendall(request)
        got = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    return head.lower(), body


def request_of(query: bytes) -> bytes:
    return b"GET /search?q=" + query + b" HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "request_", [b"hello\r\n\r\n", request_of(b"a" * MOST_HEAD_BYTES)], ids=["no HTTP", "too long"]
)
def test_what_is_no_request_is_answered_as_every_other_failure(address: tuple[str, int], request_: bytes) -> None:
    head, body = answer_to(address, request_)
    assert head.startswith(b"http/1.1 400 ")
    assert b"content-type: application/json" in head
    assert set(json.loads(body)["error"]) == {"message", "hint"}


@pytest.mark.parametrize(
    "pieces",
    [
        (b"POST /search HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",),
        (b"POST /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n", b"zz\r\n"),
    ],
    ids=["before the answer", "after it"],
)
def test_a_body_that_breaks_off_the_rules_breaks_nothing_here(
    address: tuple[str, int], pieces: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    answers = []
    with socket.create_connection(address) as connection:
        for piece in pieces:
            connection.sendall(piece)
            answers.append(connection.recv(1 << 16).partition(b"\r\n")[0])
        connection.settimeout(30)
        while connection.recv(1 << 16):
            pass
    assert answers[0] in (b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 404 Not Found")
    assert [record.levelname for record in caplog.records if record.exc_info] == []


def test_the_longest_texts_of_an_address_are_taken(address: tuple[str, int]) -> None:
    head, body = answer_to(address, request_of(b"%F0%9F%90%88" * 20_000))
    assert head.startswith(b"http/1.1 200 "), body
