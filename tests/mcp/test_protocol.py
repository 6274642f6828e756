from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client
from mcp_types import CallToolResult, Tool

from searchkit import SearchEngine
from searchkit.mcp import Desk
from searchkit.mcp.protocol import make_server

Ask = Callable[..., Any]
ALL = {"search", "similar", "get", "list_topics", "status"}


@pytest.fixture
def tools(engine: SearchEngine) -> list[Tool]:
    async def run() -> list[Tool]:
        async with Client(make_server(Desk(engine))) as client:
            return list((await client.list_tools()).tools)

    return anyio.run(run)


def test_the_tools_say_what_they_take_and_that_they_change_nothing(tools: list[Tool]) -> None:
    assert {tool.name for tool in tools} == ALL
    for tool in tools:
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True


def test_descriptions_are_short_enough_to_be_carried_along(tools: list[Tool]) -> None:
    assert max(len(tool.description or "") for tool in tools) <= 120
    shown = [option["description"] for tool in tools for option in tool.input_schema["properties"].values()]
    assert max(map(len, shown)) <= 120


@pytest.mark.usefixtures("topics")
def test_answers_are_what_the_schema_says(tools: list[Tool], ask: Ask) -> None:
    gives = {tool.name: tool.output_schema for tool in tools}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("search", {"query": "apples"}),
        ("similar", {"text": "apples"}),
        ("get", {"document": "open/long.txt"}),
        ("get", {"document": "open/rows.jsonl"}),
        ("list_topics", {}),
        ("status", {}),
    ]
    for name, arguments in calls:
        jsonschema.validate(ask(name, **arguments).structured_content, gives[name])


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search", {}, "'query' is a required property"),
        ("search", {"query": "a", "colection": "b"}, "'colection' was unexpected"),
        ("search", {"query": "a", "limit": 51}, "limit: 51 is greater than the maximum of 50"),
        ("search", {"query": "a", "limit": "5"}, "limit: '5' is not of type 'integer'"),
        ("search", {"query": " "}, "the query is empty"),
        ("search", {"query": "a", "unlike": ["b" * 4001]}, "unlike: 0: 'bbb"),
        ("search", {"query": "a", "unlike": ["b"] * 33}, "is too long"),
        ("search", {"query": "a", "topic": [1] * 33}, "is too long"),
        ("search", {"query": "a", "mode": "magic"}, "mode: 'magic' is not one of"),
        ("search", {"query": "a", "where": "lang = "}, "expected a value, found the end"),
        ("search", {"query": "a", "since": "yesterday"}, "since is 'yesterday'; expected a date or an age"),
        ("search", {"query": '"open', "mode": "lexical"}, "error: "),
        ("get", {"document": "open/apples.md", "max_chars": 10**9}, "max_chars: 1000000000 is greater than"),
        ("delete", {}, "there is no tool 'delete'"),
    ],
)
def test_a_wrong_call_is_an_error_of_the_tool(ask: Ask, name: str, arguments: dict[str, Any], said: str) -> None:
    result = ask(name, **arguments)
    assert result.is_error
    assert said in result.content[0].text
    assert "Traceback" not in result.content[0].text
    assert len(result.content[0].text) < 700


def test_a_whole_number_may_be_written_with_a_point(ask: Ask) -> None:
    """JSON has one kind of number, and some clients write all of them alike."""
    for name, arguments in (
        ("search", {"query": "apples", "limit": 2, "offset": 1, "max_chars": 900}),
        ("get", {"document": "open/long.txt", "offset": 1}),
    ):
        pointed = {key: float(value) if isinstance(value, int) else value for key, value in arguments.items()}
        assert ask(name, **pointed).structured_content == ask(name, **arguments).structured_content
    assert "limit: 2.5 is not of type 'integer'" in ask("search", query="a", limit=2.5).content[0].text


class Panic(BaseException):
    """As a library of Rust raises it."""


@pytest.mark.parametrize("fault", [RuntimeError, Panic])
def test_a_fault_of_ours_shows_no_traceback(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: type[BaseException]
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise fault("with a secret in it")

    monkeypatch.setattr(SearchEngine, "ask", break_down)
    result = ask("search", query="apples")
    assert (result.is_error, result.content[0].text) == (True, f"error: this should not happen: {fault.__name__}")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "with a secret in it" in captured.err


def test_an_index_that_was_removed_is_an_error_and_the_server_lives(engine: SearchEngine, docs: Path) -> None:
    server = make_server(Desk(engine))

    async def run() -> tuple[CallToolResult, CallToolResult]:
        async with Client(server) as client:
            before = await client.call_tool("search", {"query": "apples"})
            shutil.rmtree(docs / "index")
            return before, await client.call_tool("search", {"query": "apples"})

    before, after = anyio.run(run)
    assert (before.is_error, after.is_error) == (False, True)
    assert "error: " in after.content[0].text


def test_new_documents_are_seen_at_once(ask: Ask, engine: SearchEngine) -> None:
    engine.add([{"id": "dragons", "text": "Dragons breathe fire."}])
    assert ask("search", query="dragons fire", limit=1).structured_content["hits"][0]["doc_id"] == "dragons"


def test_many_calls_at_once(engine: SearchEngine) -> None:
    found: list[int] = []

    async def run() -> None:
        async with Client(make_server(Desk(engine))) as client, anyio.create_task_group() as tasks:

            async def one() -> None:
                result = await client.call_tool("search", {"query": "boats sail the sea", "limit": 1})
                found.append(result.structured_content["hits"][0]["id"])

            for _ in range(20):
                tasks.start_soon(one)

    anyio.run(run)
    assert len(found) == 20
    assert len(set(found)) == 1
