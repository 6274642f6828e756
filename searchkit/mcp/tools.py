"""The tools by name: what an agent reads of them, what they take and give, and what answers."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchkit.errors import InputError, SearchkitError
from searchkit.mcp import schemas, wording

if TYPE_CHECKING:
    from searchkit.mcp.desk import Answer, Desk

_LONGEST_COMPLAINT = 300


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        answer: what the desk says to the arguments.
        text: the answer for those who read no structured output.
    """

    name: str
    title: str
    description: str
    takes: schemas.Schema
    gives: schemas.Schema
    answer: Callable[..., Answer]
    text: Callable[[Answer], str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call of a tool came to; ``answer`` is None where it failed and ``text`` says why."""

    text: str
    answer: Answer | None


def tools_of(desk: Desk) -> dict[str, Tool]:
    """All tools over a desk."""
    tools = (
        Tool(
            "search",
            "Search",
            "Find passages of the indexed documents by meaning and by words. Start here.",
            schemas.SEARCH_TAKES,
            schemas.HITS_GIVE,
            desk.search,
            wording.hits_text,
        ),
        Tool(
            "similar",
            "More like this",
            "Find passages like a chunk, a document or a text.",
            schemas.SIMILAR_TAKES,
            schemas.HITS_GIVE,
            desk.similar,
            wording.hits_text,
        ),
        Tool(
            "get",
            "Read a document",
            "Read a document in order, or on from a hit; go on with next_offset.",
            schemas.GET_TAKES,
            schemas.GET_GIVES,
            desk.get,
            wording.document_text,
        ),
        Tool(
            "list_topics",
            "Topics",
            "What the index is about: topics with names and sizes.",
            schemas.TOPICS_TAKES,
            schemas.TOPICS_GIVE,
            desk.list_topics,
            wording.topics_text,
        ),
        Tool(
            "status",
            "Status",
            "How large the index is, of which folders, and how old.",
            schemas.STATUS_TAKES,
            schemas.STATUS_GIVES,
            desk.status,
            wording.status_text,
        ),
    )
    return {tool.name: tool for tool in tools}


def call(tools: Mapping[str, Tool], name: str, arguments: Mapping[str, Any]) -> Reply:
    """What a tool answers; an error in searchkit's words, and nothing of a traceback."""
    try:
        tool = tools.get(name)
        if tool is None:
            raise InputError(f"there is no tool {name[:100]!r}", hint=f"there are {', '.join(tools)}")
        given = {argument: _whole(value) for argument, value in arguments.items()}
        _check(tool, given)
        answer = tool.answer(**given)
        return Reply(tool.text(answer), answer)
    except SearchkitError as error:
        return Reply(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), None)
    except BaseException as error:  # a fault, or a panic in a library of Rust: the person at the server sees where
        traceback.print_exc()
        return Reply(f"error: this should not happen: {type(error).__name__}", None)


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 8.0 is 8."""
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check(tool: Tool, arguments: dict[str, Any]) -> None:
    import jsonschema

    errors = jsonschema.Draft202012Validator(tool.takes).iter_errors(arguments)
    error = jsonschema.exceptions.best_match(errors)
    if error is not None:
        where = "".join(f"{part}: " for part in error.absolute_path)
        known = ", ".join(tool.takes["properties"]) or "no arguments"
        raise InputError(f"{where}{error.message}"[:_LONGEST_COMPLAINT], hint=f"{tool.name} takes {known}")
