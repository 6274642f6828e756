"""The command as an agent starts it: a process of its own, spoken to by the official client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from searchkit import SearchEngine
from searchkit.errors import InputError, MissingExtraError
from searchkit.listening import listen
from searchkit.mcp import Desk, HttpSettings, serve_http, serve_stdio

TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the bundled encoder, which every process can load."""
    home = tmp_path_factory.mktemp("mcp")
    (home / "notes").mkdir()
    (home / "notes" / "boats.md").write_text("Boats sail the wide blue sea.\n")
    (home / "notes" / "apples.md").write_text("Apples grow on trees.\n")
    with SearchEngine.open_or_create(home / "index") as engine:
        engine.index_paths([home / "notes"])
    return home


def command(index: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "searchkit", "mcp", "--index", str(index / "index"), *words]


async def best_place(client: Client, query: str) -> str:
    result = await client.call_tool("search", {"query": query, "limit": 1})
    assert not result.is_error, result.content
    place: str = result.structured_content["hits"][0]["path"]
    return place


def test_over_standard_input_and_output(index: Path) -> None:
    start, *words = command(index, "--root", str(index / "notes"))

    async def run() -> str:
        async with Client(
            stdio_client(StdioServerParameters(command=start, args=words, env=dict(os.environ)))
        ) as client:
            return await best_place(client, "ships on the ocean")

    assert anyio.run(run) == "notes/boats.md"


def test_nothing_but_the_protocol_is_on_standard_output(index: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "search", "arguments": {"query": "sea"}},
        },
    ]
    with subprocess.Popen(
        command(index), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as served:
        assert served.stdin is not None
        assert served.stdout is not None
        for message in messages:
            served.stdin.write(json.dumps(message).encode() + b"\n")
        served.stdin.write(b"this is no message\n")
        served.stdin.flush()
        answers = [json.loads(served.stdout.readline()) for _ in range(2)]
        served.stdin.close()
        rest = served.stdout.read()
    assert {answer["id"] for answer in answers} == {1, 2}
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
    assert served.returncode == 0


def test_an_index_that_is_not_there_says_so_on_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr


@pytest.fixture
def address(index: Path) -> Iterator[str]:
    """Of a server that asks for a token."""
    environment = {**os.environ, "SEARCHKIT_TOKEN": TOKEN}
    with subprocess.Popen(
        command(index, "--http", "--port", "0"), stderr=subprocess.PIPE, text=True, env=environment
    ) as served:
        assert served.stderr is not None
        told = served.stderr.readline()
        yield told.split(" at ")[1].split(" (")[0]
        served.send_signal(signal.SIGINT)
        assert served.wait() == 0
        assert served.stderr.read() == ""


def test_over_http(address: str) -> None:
    async def run() -> str:
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=None) as web,  # a server loads its encoder at the first query
            Client(streamable_http_client(address, http_client=web)) as client,
        ):
            return await best_place(client, "ships on the ocean")

    assert anyio.run(run) == "notes/boats.md"
    assert httpx2.post(address, json={}, timeout=None).status_code == 401


def test_an_address_that_is_taken_is_an_error(engine: SearchEngine) -> None:
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(InputError, match=r"cannot listen on 127\.0\.0\.1"),
    ):
        serve_http(Desk(engine), HttpSettings(port=taken.getsockname()[1]))


def test_without_the_library_the_extra_is_named(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[mcp\]"):
        serve_stdio(Desk(engine))


def test_importing_the_room_imports_no_library_of_it() -> None:
    script = (
        "import sys, searchkit.mcp, searchkit.cli.mcp; "
        "print(*[m for m in ('mcp', 'uvicorn', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
