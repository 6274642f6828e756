from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from searchkit import listening
from searchkit.errors import InputError
from searchkit.listening import address_of, check_origin, config_of, is_called, is_token, listen, shown_token


def test_a_free_port_is_chosen_and_told() -> None:
    with listen("127.0.0.1", 0) as listener:
        address = address_of(listener)
        assert address == f"http://127.0.0.1:{listener.getsockname()[1]}"
        with socket.create_connection(listener.getsockname()[:2]):
            pass


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_six_is_written_in_brackets(host: str) -> None:
    with listen(host, 0) as listener:
        assert address_of(listener).startswith("http://[::1]:")


def test_an_address_that_is_taken_is_said_plainly() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InputError, match=r"cannot listen on 127\.0\.0\.1:") as found:
        listen("127.0.0.1", taken.getsockname()[1])
    assert found.value.hint == "choose another with --port"


def test_what_is_no_address_is_said_plainly() -> None:
    with pytest.raises(InputError, match=r"no\.host\.invalid is no address of this machine"):
        listen("no.host.invalid", 0)
    for host in ("no..host", "x" * 64, "\ud800"):  # which no name can be
        with pytest.raises(InputError, match="is no address of this machine"):
            listen(host, 0)


@pytest.mark.parametrize("origin", ["*", "null", "notes.example", "ftp://a.example", "https://", "https://A.example"])
def test_what_no_browser_calls_a_page_is_no_origin(origin: str) -> None:
    with pytest.raises(InputError, match="origin is "):
        check_origin(origin)
    check_origin("http://a.example:8080")


@pytest.mark.parametrize(
    ("host", "own", "is_ours"),
    [
        ("localhost:80", "127.0.0.1", True),
        ("[::1]", "127.0.0.1", True),
        ("Notes.example:99", "127.0.0.1", True),
        ("192.168.0.7", "127.0.0.1", False),
        ("192.168.0.7:80", "0.0.0.0", True),
        ("[fe80::1]:80", "[::]", True),
        ("evil.example", "0.0.0.0", False),
        ("evil.example", "evil.example", True),
        ("", "0.0.0.0", False),
        ("[]", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
    ],
)
def test_a_host_is_ours_by_name_or_beyond_this_machine_by_address(host: str, own: str, is_ours: bool) -> None:
    assert is_called(host, own, ("notes.example:8000",)) is is_ours


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("Bearer", ""), ("abc", ""), ("", "")],
)
def test_a_token_is_shown_as_bearer(header: str, token: str) -> None:
    assert shown_token(header) == token
    assert is_token(token, "abc") is (token == "abc")
    assert not is_token(token, None)


LARGE = b"x" * (64 << 20)


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Answers a request at once, whatever is still to come of it."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": LARGE if scope["path"] == "/large" else b"small"})


@contextmanager
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, Any]]:
    """A connection to a server that has little patience."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    monkeypatch.setattr(listening, "IDLE_S", 1.0)
    with listen("127.0.0.1", 0) as listener:
        config = config_of(answering)
        config.timeout_keep_alive = 600
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            with socket.create_connection(listener.getsockname()) as connection:
                connection.settimeout(60)
                yield connection, server
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: a",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nno",
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "a request"],
)
def test_who_says_no_more_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    with connected(monkeypatch) as (connection, _):
        connection.sendall(said)
        got = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert got.endswith(b"small\r\n0\r\n\r\n" if b"\r\n\r\n" in said else b"")


def test_who_takes_no_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(monkeypatch) as (connection, server):
        connection.sendall(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(1)
        while server.server_state.connections:
            threading.Event().wait(0.01)
