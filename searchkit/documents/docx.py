"""DOCX: paragraphs, headings, lists and tables of the main text, by the standard library.

Office Open XML (ECMA-376): ``_rels/.rels`` names the main part, ``styles.xml`` beside it tells which styles
are headings. Deleted text, field codes and the fallback copies of text boxes are passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from searchkit.documents.archive import Archive, parse_xml
from searchkit.documents.encodings import clean_lines
from searchkit.documents.layout import TextBuilder
from searchkit.documents.raw import RawFile
from searchkit.types import BlockKind, Document

_MAIN_PART = "word/document.xml"
_SKIPPED = frozenset({"Fallback", "del", "moveFrom"})
_HEADING_NAME = re.compile(r"heading ?([1-9])", re.I)
_CODE_NAME = re.compile(r"\b(?:code|preformatted|listing|verbatim|source)", re.I)
_LONGEST_CHAIN = 10  # of styles that are based on one another


@dataclass(slots=True)
class _Style:
    name: str = ""
    base: str = ""
    outline: int | None = None


@dataclass(slots=True)
class _Paragraph:
    parts: list[str] = field(default_factory=list)
    style: str = ""
    outline: int | None = None
    is_item: bool = False


def read(raw: RawFile) -> list[Document]:
    """The one document of a DOCX file.

    Raises:
        DocumentRefusedError: it is damaged or encrypted, or unpacks to more than a document would.
    """
    archive = Archive(raw.data)
    main = _main_part(archive)
    body = _Body(_styles(archive, posixpath.join(posixpath.dirname(main), "styles.xml")))
    parse_xml(archive.read(main), main, start=body.start, end=body.end, text=body.characters)
    text, blocks = body.text.build()
    about = _properties(archive)
    fields = {"author": about.get("creator"), "keywords": about.get("keywords")}
    title = about.get("title") or body.title
    return [raw.document("docx", text, title=title, blocks=blocks, fields=fields, lines_are_source=False)]


def _main_part(archive: Archive) -> str:
    targets: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
            targets.append(attributes.get("Target", "").lstrip("/"))

    relations = archive.read_if_there("_rels/.rels")
    if relations is not None:
        parse_xml(relations, "_rels/.rels", start=start)
    return targets[0] if targets else _MAIN_PART


def _properties(archive: Archive) -> dict[str, str]:
    found: dict[str, str] = {}
    inside = ""

    def start(name: str, _: Mapping[str, str]) -> None:
        nonlocal inside
        inside = name

    def text(piece: str) -> None:
        found[inside] = found.get(inside, "") + piece

    data = archive.read_if_there("docProps/core.xml")
    if data is not None:
        parse_xml(data, "docProps/core.xml", start=start, text=text)
    return {name: value.strip() for name, value in found.items()}


def _styles(archive: Archive, part: str) -> dict[str, _Style]:
    styles: dict[str, _Style] = {}
    current = _Style()

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal current
        if name == "style":
            current = styles.setdefault(attributes.get("styleId", ""), _Style())
        elif name == "name":
            current.name = attributes.get("val", "")
        elif name == "basedOn":
            current.base = attributes.get("val", "")
        elif name == "outlineLvl":
            current.outline = _number(attributes.get("val"))

    data = archive.read_if_there(part)
    if data is not None:
        parse_xml(data, part, start=start)
    return styles


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 3 else None


class _Body:
    """Takes the tags of the main part in order and builds the text."""

    def __init__(self, styles: Mapping[str, _Style]) -> None:
        self.text = TextBuilder()
        self.title = ""
        self._styles = styles
        self._open: list[_Paragraph] = []  # a text box holds paragraphs inside a paragraph
        self._rows: list[list[str]] = []  # the table rows that are open, the innermost last
        self._code: list[str] = []
        self._skipped = 0
        self._is_text = self._after_item = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or name in _SKIPPED:
            self._skipped += 1
        elif name == "p":
            self._open.append(_Paragraph())
        elif name == "tbl":
            self._after_item = False
        elif name == "tr":
            self._rows.append([])
        elif name == "tc" and self._rows:
            self._rows[-1].append("")
        elif self._open:
            self._start_inside(name, attributes, self._open[-1])

    def _start_inside(self, name: str, attributes: Mapping[str, str], paragraph: _Paragraph) -> None:
        if name == "t":
            self._is_text = True
        elif name == "tab" and "pos" in attributes:
            pass  # not a tab, but where the ruler stops one
        elif name in ("tab", "br", "cr"):
            paragraph.parts.append("\t" if name == "tab" else "\n")
        elif name == "noBreakHyphen":
            paragraph.parts.append("-")
        elif name == "pStyle":
            paragraph.style = attributes.get("val", "")
        elif name == "outlineLvl":
            paragraph.outline = _number(attributes.get("val"))
        elif name == "numPr":
            paragraph.is_item = True

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "t":
            self._is_text = False
        elif name == "p" and self._open:
            self._end_paragraph(self._open.pop())
        elif name == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif name == "body":
            self._end_code()

    def characters(self, piece: str) -> None:
        if self._is_text and self._open and not self._skipped:
            self._open[-1].parts.append(piece)

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = clean_lines("".join(paragraph.parts))
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {' '.join(text.split())}".strip()
            return
        if self._name(paragraph.style, _CODE_NAME):
            self._code.append(text)
            return
        self._end_code()
        level = self._level(paragraph)
        if level:
            self.text.add(BlockKind.HEADING, " ".join(text.split()), level=level)
        elif text.strip():
            self._add(f"- {text.strip()}" if paragraph.is_item else text, is_item=paragraph.is_item)

    def _end_row(self, cells: list[str]) -> None:
        line = " | ".join(cells) if any(cells) else ""
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {line}".strip()
        else:
            self._end_code()
            self._add(line, is_item=True)

    def _add(self, text: str, *, is_item: bool) -> None:
        self.text.add(BlockKind.PARAGRAPH, text, is_tight=is_item and self._after_item)
        self._after_item = is_item

    def _end_code(self) -> None:
        if self._code:
            self.text.add(BlockKind.CODE, "\n".join(self._code))
            self._code.clear()
            self._after_item = False

    def _level(self, paragraph: _Paragraph) -> int:
        """The level of a heading, 0 for other paragraphs; outline level 9 is body text."""
        text = " ".join("".join(paragraph.parts).split())
        if self._style(paragraph.style).name.lower() == "title":
            self.title = self.title or text
            return 1
        outline = paragraph.outline
        style_id = paragraph.style
        for _ in range(_LONGEST_CHAIN):
            style = self._style(style_id)
            named = _HEADING_NAME.fullmatch(style.name) or _HEADING_NAME.fullmatch(style_id)
            if outline is None:
                outline = int(named[1]) - 1 if named else style.outline
            if outline is not None or not style.base:
                break
            style_id = style.base
        level = outline + 1 if outline is not None and outline < 9 else 0
        self.title = self.title or (text if level else "")
        return level

    def _name(self, style_id: str, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(self._style(style_id).name or style_id))

    def _style(self, style_id: str) -> _Style:
        return self._styles.get(style_id, _NO_STYLE)


_NO_STYLE = _Style()
