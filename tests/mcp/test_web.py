from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from searchkit import SearchEngine
from searchkit.mcp import Desk, HttpSettings
from searchkit.mcp.web import make_app

TOKEN = "a-token-of-some-length"
LIST = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
HEADERS = {"accept": "application/json, text/event-stream"}
Serve = Callable[..., TestClient]


@pytest.fixture
def serve(engine: SearchEngine) -> Iterator[Serve]:
    with ExitStack() as running:

        def start(**settings: Any) -> TestClient:
            app = make_app(Desk(engine), HttpSettings(**settings))
            return running.enter_context(TestClient(app, base_url="http://127.0.0.1:8765", headers=HEADERS))

        yield start


def status(client: TestClient, **headers: str) -> int:
    return client.post("/mcp", json=LIST, headers=headers).status_code


def test_this_machine_may_ask(serve: Serve) -> None:
    client = serve()
    assert client.post("/mcp", json=LIST).json()["result"]["serverInfo"]["name"] == "searchkit"
    assert status(client, host="localhost:8765") == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", ""])
def test_a_foreign_host_is_refused(serve: Serve, host: str) -> None:
    assert status(serve(), host=host) == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"])
def test_a_page_of_a_foreign_origin_is_refused(serve: Serve, origin: str) -> None:
    assert status(serve(), origin=origin) == 403


def test_named_hosts_and_origins_may_ask(serve: Serve) -> None:
    client = serve(allow_hosts=("notes.example.org",), allow_origins=("https://app.example.org",))
    assert status(client, host="notes.example.org") == 200
    assert status(client, origin="https://app.example.org") == 200
    assert status(client, origin="http://app.example.org") == 403


def test_the_page_of_an_allowed_origin_can_read_the_answer(serve: Serve) -> None:
    """A browser asks beforehand, without the token, and gives the page nothing that the answer does not allow it."""
    origin = {"origin": "https://app.example.org"}
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, mcp-method"}
    client = serve(allow_origins=("https://app.example.org",), token=TOKEN)
    before = client.options("/mcp", headers=origin | wanted)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == origin["origin"]
    assert before.headers["access-control-allow-headers"] == wanted["access-control-request-headers"]
    answer = client.post("/mcp", json=LIST, headers=origin | {"authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin["origin"])
    foreign = client.options("/mcp", headers=wanted | {"origin": "https://other.example.org"})
    assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (403, False)


def test_beyond_this_machine_it_may_be_called_by_its_address(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token=TOKEN)
    for host, expected in (("192.168.0.7:8765", 200), ("[fe80::1]:8765", 200), ("router.example", 421)):
        assert status(client, authorization=f"bearer {TOKEN}", host=host) == expected


@pytest.mark.parametrize("shown", ["", "Bearer", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer tökén"])
def test_without_the_token_nothing_is_answered(serve: Serve, shown: str) -> None:
    client = serve(host="0.0.0.0", token=TOKEN, allow_hosts=("notes.example.org",))
    refused = client.post("/mcp", json=LIST, headers={"authorization": shown.encode("latin-1")})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert client.get("/", headers={"authorization": shown.encode("latin-1")}).status_code == 401


def test_with_the_token_hosts_are_still_checked(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token=TOKEN, allow_hosts=("notes.example.org",))
    assert status(client, authorization=f"Bearer {TOKEN}", host="notes.example.org") == 200
    assert status(client, authorization=f"Bearer {TOKEN}", host="evil.example") == 421


def test_a_body_that_is_too_large_is_refused(serve: Serve) -> None:
    client = serve(body_bytes=1000)
    too_large = {**LIST, "padding": "x" * 1000}
    assert client.post("/mcp", json=too_large).status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0"}', b"\xff\xfe"])
def test_what_is_no_message_is_a_bad_request(serve: Serve, body: bytes) -> None:
    answer = serve().post("/mcp", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
