"""Source code: a heading where a class or function begins, code between them, all with source positions.

Read by patterns rather than by a parser of each language: unfinished and outdated code is code too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError
from searchkit.types import Block, BlockKind, Document

_MINIFIED_BYTES = 5_000
_MINIFIED_LINE = 300  # characters on average; people write 30 to 40
_LONGEST_TITLE = 120

# Strings and comments are matched so that nothing inside them is taken for a definition. A string that is
# never closed runs to the end of the text, so that the search stays linear.
_PYTHON = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\Z)'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'(?:[^'\\\n]|\\.)*'?"
    r"|\#[^\n]*"
    r"|^(?P<indent>[ \t]*)(?:(?P<decorator>@)|(?P<kind>(?:async[ \t]+)?def|class)[ \t]+(?P<name>\w+)[^\n]*)"
    r"|^(?P<statement>[^\s\#)\]}@])",
    re.M | re.S,
)
_PIECE = re.compile(r"(?:\A|\n[ \t]*\n)(?=[^\s})\]])")
_DEFINITION = re.compile(
    r"^(?:"
    r"(?:(?:export|default|declare|pub(?:\([\w: ]*\))?|public|private|protected|internal|static|abstract|final|sealed"
    r"|partial|async|unsafe|extern|inline|virtual|override|open|data|local|create|or|replace|temporary)[ \t]+){0,6}"
    r"(?:fn|func|fun|function\*?|class|struct|enum|interface|trait|impl|module|namespace|object|protocol|def|defp"
    r"|defmodule|sub|type|union|record|service|message|table|view|index|trigger|procedure|package|subroutine)"
    r"(?:[ \t]+|(?=[<(*]))[\w<(*&\"'\[.:][^\n{;]*"
    r"|(?:export[ \t]+)?(?:default[ \t]+)?(?:const|let|var)[ \t]+\w+[ \t]*=[ \t]*(?:async\b|function\b|\()[^\n{;]*"
    r"|[A-Za-z_][^\n();={}\"'#]*\((?=[^;{}]{0,400}\{)[^\n;{]*"
    r")",
    re.M | re.I,
)
_WITHOUT_DEFINITIONS = frozenset({"yaml", "toml", "ini", "xml", "css", "diff", "make", "docker"})
_TITLE_END = re.compile(r"[ \t]*(?:=>|[({=:,])?[ \t]*$")
_NOT_A_NAME = re.compile(r"(?:if|for|while|switch|return|else|catch|foreach|until|unless|elif|elseif)\b")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part of the code begins, and how it is called."""

    start: int
    heading_end: int
    level: int
    title: str


def read(raw: RawFile) -> list[Document]:
    """The one document of a source file.

    Raises:
        DocumentRefusedError: it was made by a minifier, not by people.
    """
    text = raw.text()
    if len(text) > _MINIFIED_BYTES and len(text) > _MINIFIED_LINE * (text.count("\n") + 1):
        raise DocumentRefusedError("minified or generated code, not for reading")
    blocks = list(_blocks(text, list(_places(text, raw.language))))
    return [raw.document("code", text, blocks=blocks, fields={"language": raw.language})]


def _python_places(text: str) -> Iterator[_Place]:
    """Top-level functions, classes and methods. A place without a title ends them where the module goes on."""
    opened: list[tuple[int, str]] = []  # indentation and kind of the definitions around, outermost first
    decorated = -1
    for found in _PYTHON.finditer(text):
        if found["decorator"]:
            decorated = found.start() if decorated < 0 else decorated
        elif found["kind"]:
            indent = len(found["indent"].expandtabs(8))
            while opened and opened[-1][0] >= indent:
                opened.pop()
            kind = found["kind"].split()[-1]
            if all(outer == "class" for _, outer in opened):
                start = found.start() if decorated < 0 else decorated
                yield _Place(start, found.end(), len(opened) + 1, f"{kind} {found['name']}")
            opened.append((indent, kind))
            decorated = -1
        elif found["statement"]:
            if opened:
                yield _Place(found.start(), _line_end(text, found.start()), 1, "")
            opened, decorated = [], -1


def _places(text: str, language: str) -> Iterator[_Place]:
    if language == "python":
        return _python_places(text)
    return iter(()) if language in _WITHOUT_DEFINITIONS else _defined_places(text)


def _defined_places(text: str) -> Iterator[_Place]:
    """Pieces that begin at the margin after a blank line, called by the definition they hold."""
    starts = [found.end() for found in _PIECE.finditer(text)]
    is_named = False
    for start, end in pairwise([*starts, len(text)]):
        found = _DEFINITION.search(text, start, end)
        if found and not _NOT_A_NAME.match(found[0]):
            title = _TITLE_END.sub("", found[0][:_LONGEST_TITLE])
            yield _Place(start, min(_line_end(text, found.end()), end), 1, title)
            is_named = True
        elif is_named:
            yield _Place(start, min(_line_end(text, start), end), 1, "")
            is_named = False


def _blocks(text: str, places: list[_Place]) -> Iterator[Block]:
    if not places or places[0].start:
        yield from _code(text, 0, places[0].start if places else len(text))
    for at, place in enumerate(places, start=1):
        end = places[at].start if at < len(places) else len(text)
        heading_end = place.start + len(text[place.start : place.heading_end].rstrip())
        yield Block(BlockKind.HEADING, place.start, heading_end, place.level, " ".join(place.title.split()))
        yield from _code(text, place.heading_end, end)


def _code(text: str, start: int, end: int) -> Iterator[Block]:
    """``text[start:end]`` as code, without blank lines around it."""
    body = text[start:end]
    length = len(body.rstrip())
    first_line = body.rfind("\n", 0, len(body) - len(body.lstrip())) + 1
    if first_line < length:
        yield Block(BlockKind.CODE, start + first_line, start + length)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
