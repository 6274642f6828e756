"""What is embedded for a chunk: where it stands, then what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.types import Chunk

SEPARATOR = " > "
CUT_MARK = "…"
LONGEST_HEADING_LINE = 400  # characters, markup and link targets included; longer lines are not compared

_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_ANCHOR = re.compile(r"\{[^{}]*\}\s*$")
_RULE = re.compile(r"([=\-~^\"'`#*+:.<>_])\1{2,}")  # underlines and overlines of Markdown and reStructuredText


def passage_text(title: str, chunk: Chunk) -> str:
    """Exactly what is embedded for ``chunk``: title and headings on one line, then its text.

    Heading lines that open the text are left out there, being said in the first line already.

    Args:
        title: the document's title; not repeated where the heading path says it.
        chunk: a chunk of that document.

    Returns:
        ``"title > heading > heading\\ntext"``, or the text alone without title and headings.
    """
    parts = path_with_title(title, chunk.heading_path)
    return "\n".join(filter(None, (SEPARATOR.join(parts), body_text(title, chunk))))


def body_text(title: str, chunk: Chunk) -> str:
    """The text of ``chunk`` without the heading lines that open it; empty for a bare heading."""
    said = {same_words(part) for part in path_with_title(title, chunk.heading_path)}
    return _without_heading_lines(chunk.text, said) if said else chunk.text


def path_with_title(title: str, headings: Sequence[str]) -> list[str]:
    """The headings, led by the title unless one of them says it, whole or cut short."""
    title = " ".join(title.split())
    if not title or same_words(title) in map(same_words, headings):
        return list(headings)
    cut_short = headings and headings[0].endswith(CUT_MARK) and title.startswith(headings[0][: -len(CUT_MARK)])
    return list(headings) if cut_short else [title, *headings]


def same_words(heading: str) -> str:
    """A key under which a heading and the line it was written on are equal: no markup, case or spacing."""
    bare = heading.strip()
    if bare.endswith("}"):
        bare = _ANCHOR.sub("", bare)
    if "](" in bare:
        bare = _LINK.sub(r"\1", bare)
    return "".join(filter(str.isalnum, bare)).casefold() or bare


def _without_heading_lines(text: str, said: set[str]) -> str:
    lines = text.split("\n", 4 * len(said) + 4)
    at = keep = 0
    while at < len(lines):
        line = lines[at].strip()
        if line and len(line) <= LONGEST_HEADING_LINE and same_words(line) in said:
            at += 1
            if at < len(lines) and _RULE.fullmatch(lines[at].strip()):
                at += 1
            keep = at
        elif not line or (_RULE.fullmatch(line) and at + 1 < len(lines) and same_words(lines[at + 1]) in said):
            at += 1
        else:
            break
    return "\n".join(lines[keep:]).lstrip("\n")
