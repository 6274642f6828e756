"""Front matter: the ``---`` (YAML) or ``+++`` (TOML) lines at the top of a Markdown file.

Of YAML what front matter uses: ``key: value``, lists, nested mappings, quoted, folded and literal text.
What is beyond that is kept as the text it is; front matter is never a reason to refuse a file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST = 1 << 16  # characters
_FENCES = {"---": re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.M), "+++": re.compile(r"^\+\+\+[ \t]*$", re.M)}
_KEY = re.compile(
    r"(?P<key>(?:\"[^\"\n]+\"|'[^'\n]+')[ \t]*|[^\s\"'#\[\]{}&*!|>%@,:-][^:#\n]*|-[^\s:#]+)"
    r":(?:[ \t]+(?P<value>.*))?$"
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?\d{1,17}\.\d{0,17}(?:[eE][-+]?\d{1,3})?")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands above the text.

    Attributes:
        end: where the text begins; 0 without front matter.
        fields: its values by name.
    """

    end: int = 0
    fields: dict[str, object] = field(default_factory=dict)


def split(text: str) -> FrontMatter:
    """The front matter of ``text``; one without a closing line, or that holds no fields, is no front matter."""
    first_end = text.find("\n")
    fence = text[: max(first_end, 0)].rstrip()
    if fence not in _FENCES:
        return FrontMatter()
    closing = _FENCES[fence].search(text, first_end + 1, first_end + _LONGEST)
    if closing is None:
        return FrontMatter()
    parse: Callable[[str], dict[str, object] | None] = _toml if fence == "+++" else _yaml
    fields = parse(text[first_end + 1 : closing.start()])
    return FrontMatter() if fields is None else FrontMatter(closing.end(), fields)


def _toml(body: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(body)
    except (ValueError, RecursionError):
        return {}


def _yaml(body: str) -> dict[str, object] | None:
    """The fields, or None where the lines between two rules are prose."""
    lines = [line.expandtabs(2).rstrip() for line in body.split("\n")]
    for line in lines:
        if line and line[0] not in " #-]}" and not _KEY.match(line):
            return None
    try:
        fields = _mapping(lines, 0)
    except RecursionError:  # lists in lists without end
        return {}
    return fields if fields or not any(lines) else None


def _mapping(lines: list[str], depth: int) -> dict[str, object]:
    """``key: value`` lines; what stands deeper below a key is its value."""
    fields: dict[str, object] = {}
    at = 0
    while at < len(lines):
        found = _KEY.match(lines[at])
        at += 1
        if found is None:
            continue
        below = at
        while below < len(lines) and (not lines[below] or lines[below][0] == " " or _is_item(lines[below])):
            below += 1
        fields[_unquoted(found["key"])] = _value(found["value"] or "", lines[at:below], depth)
        at = below
    return fields


def _value(inline: str, below: list[str], depth: int) -> object:
    text = _COMMENT.sub("", inline).strip() if inline[:1] not in "\"'" else inline.strip()
    body = _dedented(below)
    if text[:1] in ("|", ">") and len(text) <= 3:
        return ("\n" if text[0] == "|" else " ").join(body).strip()
    if text:
        return _scalar(" ".join([text, *filter(None, body)]))
    if not any(body) or depth >= _DEEPEST:
        return " ".join(body).strip() or None
    if _is_item(next(filter(None, body))):
        return _items(body, depth)
    return _mapping(body, depth + 1) or " ".join(filter(None, body))


def _items(lines: list[str], depth: int) -> list[object]:
    """``- value`` lines, each with what stands deeper below it."""
    starts = [at for at, line in enumerate(lines) if _is_item(line)]
    groups = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return [_item(group, depth) for group in groups]


def _item(group: list[str], depth: int) -> object:
    first = group[0][1:].lstrip()
    if _KEY.match(first) and depth < _DEEPEST:
        return _mapping([first, *_dedented(group[1:])], depth + 1)
    return _value(first, group[1:], depth + 1)


def _scalar(text: str) -> object:
    if text[:1] == "[" and text[-1:] == "]":
        return [_scalar(part) for part in _flow_parts(text[1:-1])]
    if text[:1] in "\"'":
        return _unquoted(_COMMENT.sub("", text) if not text.endswith(text[0]) else text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _flow_parts(text: str) -> list[str]:
    parts = re.findall(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^,\s][^,]*", text)
    return [part.strip() for part in parts if part.strip()]


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
        return text
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


def _dedented(lines: list[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return [line[margin:] for line in lines]


def _is_item(line: str) -> bool:
    return line == "-" or line.startswith("- ")
