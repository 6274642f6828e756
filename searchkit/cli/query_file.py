"""Reading questions from a file or standard input, one at a time, so that memory holds one line.

    lines    a question a line; its id is the number of its line
    JSONL    an object a line with ``text`` (or ``query``, ``question``) and perhaps ``id`` (or ``_id``, ``query_id``)
    TSV      ``id<TAB>text``, or columns named as above in a first line

The ending of the name tells which (``.txt``, ``.jsonl``, ``.tsv``); else the first line that is not blank.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from searchkit.errors import InputError

STANDARD_INPUT = "-"
LONGEST_LINE = 16 * 1024 * 1024  # bytes
_ID_NAMES = ("id", "_id", "query_id", "query-id", "qid")
_TEXT_NAMES = ("text", "query", "question")
_FORMATS = {".txt": "lines", ".jsonl": "JSONL", ".ndjson": "JSONL", ".tsv": "TSV", ".tab": "TSV"}


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A question, and the line of the file that it stands in."""

    query_id: str
    text: str
    line: int


def read_queries(file: str) -> Iterator[AskedQuery]:
    """The questions of a file (``-`` for standard input) in order; blank lines are left out.

    Raises:
        InputError: it cannot be read, or a line is not what it should be; the message names the line.
    """
    shown = shown_name(file)
    form, columns = _FORMATS.get(Path(file).suffix.lower()), None
    with _opened(file) as stream:
        for number, line in _lines(stream, shown):
            form = form or _form_of(line)
            if form == "TSV" and columns is None:
                columns = _columns(line)
                if columns:
                    continue
            try:
                yield _query(form, columns or {}, line, number)
            except ValueError as error:
                raise _at(shown, number, str(error)) from error


def shown_name(file: str) -> str:
    """What a file of questions is called in messages."""
    return "standard input" if file == STANDARD_INPUT else file


def _at(shown: str, line: int, problem: str) -> InputError:
    return InputError(f"{shown}, line {line}: {problem}")


def _opened(file: str) -> AbstractContextManager[IO[bytes]]:
    if file == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        problem = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{file!r} cannot be read: {problem}", hint="check the path") from error


def _lines(stream: IO[bytes], shown: str) -> Iterator[tuple[int, str]]:
    number = 0
    while data := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(data) > LONGEST_LINE:
            raise _at(shown, number, f"it is longer than {LONGEST_LINE:,} bytes")
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise _at(shown, number, f"it is not UTF-8 at byte {error.start}") from error
        if line.strip():
            yield number, line


def _form_of(line: str) -> str:
    if line.lstrip().startswith("{"):
        return "JSONL"
    return "TSV" if "\t" in line else "lines"


def _columns(line: str) -> dict[str, int]:
    """Where id and text stand, if the line is a head of columns; else nothing."""
    names = [name.strip().lower() for name in line.split("\t")]
    text = next((names.index(name) for name in _TEXT_NAMES if name in names), None)
    own_id = next((names.index(name) for name in _ID_NAMES if name in names), None)
    return {"text": text, "id": own_id} if text is not None and own_id is not None else {}


def _query(form: str, columns: Mapping[str, int], line: str, number: int) -> AskedQuery:
    if form == "JSONL":
        return _from_json(line, number)
    if form == "TSV":
        return _from_fields(line.split("\t"), columns, number)
    return AskedQuery(str(number), line, number)


def _from_fields(fields: list[str], columns: Mapping[str, int], number: int) -> AskedQuery:
    wanted = max(columns.values(), default=1) + 1
    if len(fields) < wanted or (not columns and len(fields) != wanted):
        raise ValueError(f"it has {len(fields)} fields between tabs; expected {'at least ' if columns else ''}{wanted}")
    return _checked(fields[columns.get("id", 0)].strip(), fields[columns.get("text", 1)], number)


def _from_json(line: str, number: int) -> AskedQuery:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"it is a JSON {type(record).__name__}; expected an object")
    text = next((record[name] for name in _TEXT_NAMES if name in record), None)
    if not isinstance(text, str):
        raise ValueError("it has no 'text'")
    own_id = next((record[name] for name in _ID_NAMES if name in record), number)
    if isinstance(own_id, bool) or not isinstance(own_id, str | int):
        raise ValueError(f"its id is {own_id!r}; expected text or a whole number")
    return _checked(str(own_id), text, number)


def _checked(query_id: str, text: str, number: int) -> AskedQuery:
    if not query_id:
        raise ValueError("the id is empty")
    if not text.strip():
        raise ValueError("the question is empty")
    return AskedQuery(query_id, text, number)
