"""reStructuredText: section titles, literal blocks and code directives with their places in the source.

Read line by line: docutils would follow includes and report on style, and takes a hundred times as long.
Levels of titles come from the order in which their underlines first appear, as in docutils.
"""

from __future__ import annotations

import re

from searchkit.documents.layout import LineBlocks, first_title
from searchkit.documents.metadata import LONGEST_TITLE
from searchkit.documents.raw import RawFile
from searchkit.types import BlockKind, Document

_RULE = re.compile(r"([!-/:-@\[-`{-~])\1+")
_CODE_DIRECTIVE = re.compile(
    r"[ ]*\.\. +(?:code-block|code|sourcecode|parsed-literal|literalinclude|prompt|ipython|doctest|testcode"
    r"|testsetup|testoutput|console|plot|jupyter-execute|productionlist|math|graphviz)::"
)
_FIELD = re.compile(r":([^:\s][^:\n]*):(?:[ \t]+(.*))?$")
_ROLE_WITH_TARGET = re.compile(r"(?::[\w:.+-]+:)?`([^`<]*[^`<\s])\s*<[^`>]*>`_{0,2}")
_ROLE = re.compile(r"(?::[\w:.+-]+:)?`+([^`]+)`+_{0,2}")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,2}|\|)(?=\S)([^*|]+)(?<=\S)\1(?!\w)")


def read(raw: RawFile) -> list[Document]:
    """The one document of a reStructuredText file; its field list at the top becomes metadata."""
    text = raw.text()
    reader = _Reader(text)
    reader.run()
    return [
        raw.document(
            "rst", text, title=first_title(reader.found.blocks), blocks=reader.found.blocks, fields=reader.fields
        )
    ]


class _Reader:
    """Goes through the lines once; each method takes what begins at a line and gives the line after it."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._styles: list[tuple[str, bool]] = []  # underline character and whether an overline is there
        self.found = LineBlocks(self._lines)
        self.fields: dict[str, object] = {}
        self._is_at_top = True  # only titles and comments so far: a field list here is about the document

    def run(self) -> None:
        at = 0
        while at < len(self._lines):
            if not self._lines[at].strip():
                at += 1
            else:
                at = self._heading(at) or self._code(at) or self._fields(at) or self._prose(at)

    def _line(self, at: int) -> str:
        return self._lines[at].rstrip() if at < len(self._lines) else ""

    def _heading(self, at: int) -> int:
        """A title with its underline, perhaps an overline; 0 when there is none here."""
        first, second, third = self._line(at), self._line(at + 1), self._line(at + 2)
        if _RULE.fullmatch(first):
            is_title = bool(second.strip()) and not _RULE.fullmatch(second) and first == third
            title, rule, after = second.strip(), third, at + 3
        else:
            is_title = first[:1] != " " and bool(_RULE.fullmatch(second))
            is_title = is_title and (len(second) >= min(4, len(first)))
            title, rule, after = first, second, at + 2
        if not is_title:
            return 0
        style = (rule[0], after == at + 3)
        if style not in self._styles:
            self._styles.append(style)
        level = self._styles.index(style) + 1
        self.found.add(BlockKind.HEADING, at, after, level=level, title=_without_markup(title))
        return after

    def _code(self, at: int) -> int:
        """A code directive with its content, or an interpreter session; 0 when there is none here."""
        line = self._line(at)
        if _CODE_DIRECTIVE.match(line):
            end = self._indented_end(at + 1, _margin(line))
        elif line.lstrip().startswith(">>> "):
            end = self._blank_after(at)
        else:
            return 0
        self._is_at_top = False
        self.found.add(BlockKind.CODE, at, end)
        return end

    def _fields(self, at: int) -> int:
        """The field list at the top of the document; 0 when there is none here."""
        if not self._is_at_top or not _FIELD.match(self._line(at)):
            return 0
        self._is_at_top = False
        end = self._blank_after(at)
        name = ""
        for line in self._lines[at:end]:
            found = _FIELD.match(line.rstrip())
            if found:
                name = found[1].strip().lower()
                self.fields[name] = (found[2] or "").strip()
            elif name:
                self.fields[name] = f"{self.fields[name]} {line.strip()}".strip()
        self.found.add(BlockKind.PARAGRAPH, at, end)
        return end

    def _prose(self, at: int) -> int:
        """Lines up to a blank one, and the literal block that ``::`` at their end announces."""
        line = self._line(at)
        is_directive = line.lstrip().startswith(".. ")
        self._is_at_top = self._is_at_top and is_directive
        end = self._blank_after(at)
        self.found.add(BlockKind.PARAGRAPH, at, end)
        last = self._line(end - 1)
        if not last.endswith("::") or is_directive:
            return end
        after = self._indented_end(end, _margin(line))
        self.found.add(BlockKind.CODE, end, after)
        return max(after, end)

    def _blank_after(self, at: int) -> int:
        """The first blank line after ``at``, or one where code begins within the paragraph."""
        at += 1
        while self._line(at).strip() and not _CODE_DIRECTIVE.match(self._line(at)):
            at += 1
        return at

    def _indented_end(self, at: int, margin: int) -> int:
        """The line after those that are blank or indented by more than ``margin``."""
        end = at
        while at < len(self._lines):
            if self._lines[at].strip():
                if _margin(self._lines[at]) <= margin:
                    break
                end = at + 1
            at += 1
        return end


def _margin(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _without_markup(title: str) -> str:
    title = _ROLE_WITH_TARGET.sub(r"\1", title[: 2 * LONGEST_TITLE])
    return _EMPHASIS.sub(r"\2", _ROLE.sub(r"\1", title)).replace("\\", "")
