"""JSON and JSON Lines: a document for each object of a list; any other JSON is a text like source code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from searchkit.documents.raw import RawFile
from searchkit.documents.records import Record, record_documents
from searchkit.errors import DocumentRefusedError
from searchkit.types import Block, BlockKind, Document

_WRAPPERS = ("data", "items", "records", "rows", "documents", "docs", "results", "entries", "articles", "posts")
_TEXT_OF_OBJECT = ("text", "content", "body", "abstract", "passage")
_LONGEST_LINE = 20_000  # characters of JSON on one line that a person may still want to read


def read(raw: RawFile) -> list[Document]:
    """The documents of a JSON file.

    A list, or an object that wraps one (``{"data": [...]}``), gives a document for each of its items; an object
    with a text field gives one; other JSON is kept as it stands.

    Raises:
        DocumentRefusedError: it is not JSON, or its items hold no text.
    """
    text = raw.text()
    if not text.strip():
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise DocumentRefusedError(_reason(exc)) from exc
    items = _items(value, raw)
    if items is not None:
        return list(record_documents(_records(items), raw, "json"))
    if isinstance(value, Mapping) and _has_text(value, raw):
        return [_single(value, raw)]
    return [_as_it_stands(text, raw)]


def read_lines(raw: RawFile) -> list[Document]:
    """The documents of a JSON Lines file, one a line, numbered by line.

    Raises:
        DocumentRefusedError: a line is not JSON.
    """
    return list(record_documents(line_records(raw.text().split("\n")), raw, "jsonl"))


def line_records(lines: Iterable[str], first: int = 1) -> Iterator[Record]:
    """The records of lines, of which ``first`` is the number of the first."""
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise DocumentRefusedError(f"line {number}: {_reason(exc)}") from exc
        yield _record(value, number, number)


def _records(items: list[Any]) -> Iterator[Record]:
    for number, value in enumerate(items, start=1):
        yield _record(value, number, 0)


def _record(value: object, number: int, line: int) -> Record:
    if isinstance(value, Mapping):
        return Record(number, line, value)
    if isinstance(value, str):
        return Record(number, line, {"text": value})
    place = f"line {line}" if line else f"item {number}"
    raise DocumentRefusedError(f"{place} is {_kind(value)}, expected an object or a text")


def _items(value: object, raw: RawFile) -> list[Any] | None:
    """The list of records, or None where the JSON is something else."""
    if isinstance(value, list):
        return value if any(isinstance(item, (Mapping, str)) for item in value) else None
    if not isinstance(value, Mapping) or (raw.options.text_fields and _has_text(value, raw)):
        return None
    lists = [
        inner
        for key, inner in value.items()
        if isinstance(inner, list)
        and inner
        and all(isinstance(item, Mapping) for item in inner)
        and (key.lower() in _WRAPPERS or raw.options.text_fields)
    ]
    return lists[0] if len(lists) == 1 else None


def _has_text(value: Mapping[str, object], raw: RawFile) -> bool:
    names = raw.options.text_fields or _TEXT_OF_OBJECT
    return any(isinstance(value.get(name), (str, list)) and value[name] for name in names)


def _single(value: Mapping[str, object], raw: RawFile) -> Document:
    document = next(record_documents([Record(1, 0, value)], raw, "json"), None)
    if document is None:
        raise DocumentRefusedError("empty")
    return replace(document, doc_id=raw.name)


def _as_it_stands(text: str, raw: RawFile) -> Document:
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        raise DocumentRefusedError("JSON data without a text field; choose one with --text-field")
    end = len(text.rstrip())
    start = len(text) - len(text.lstrip())
    return raw.document("json", text, blocks=[Block(BlockKind.CODE, start, end)])


def _reason(exc: Exception) -> str:
    return "nested too deeply" if isinstance(exc, RecursionError) else f"not valid JSON: {exc}"


def _kind(value: object) -> str:
    return {"list": "a list", "NoneType": "null", "bool": "a truth value"}.get(type(value).__name__, "a number")
