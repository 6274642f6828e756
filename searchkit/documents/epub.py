"""EPUB: the chapters in the order of the spine, each read as the HTML page it is."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from searchkit.documents.archive import Archive, parse_xml
from searchkit.documents.encodings import decode, is_binary
from searchkit.documents.html import declared_charset, extract
from searchkit.documents.layout import TextBuilder, first_title
from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

_CONTAINER = "META-INF/container.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", ""})


@dataclass(slots=True)
class _Package:
    """The parts of the package file that matter here; ``spine`` holds ids of ``items``."""

    items: dict[str, str] = field(default_factory=dict)
    spine: list[str] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)


def read(raw: RawFile) -> list[Document]:
    """The one document of a book.

    Raises:
        DocumentRefusedError: it is damaged, copy-protected, or unpacks to more than a book would.
    """
    archive = Archive(raw.data)
    path = _package_path(archive)
    package = _package(archive, path)
    building = TextBuilder()
    for href in _chapters(package, path):
        data = archive.read_if_there(href)
        if data is not None:
            page = extract(decode(_readable(data), declared=declared_charset(data)))
            building.extend(page.text, page.blocks)
    text, blocks = building.build()
    about = package.about
    fields = {"author": about.get("creator"), "lang": about.get("language")}
    title = about.get("title") or first_title(blocks)
    return [raw.document("epub", text, title=title, blocks=blocks, fields=fields, lines_are_source=False)]


def _package_path(archive: Archive) -> str:
    paths: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "rootfile" and attributes.get("full-path"):
            paths.append(attributes["full-path"])

    parse_xml(archive.read(_CONTAINER), _CONTAINER, start=start)
    if not paths:
        raise DocumentRefusedError(f"{_CONTAINER} in it names no book")
    return paths[0]


def _package(archive: Archive, path: str) -> _Package:
    package = _Package()
    inside = ""

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        inside = name
        is_contents = "nav" in attributes.get("properties", "").split()
        if name == "item" and attributes.get("media-type", "") in _PAGES and not is_contents:
            package.items[attributes.get("id", "")] = attributes.get("href", "")
        elif name == "itemref":
            package.spine.append(attributes.get("idref", ""))
        elif name in package.about:
            inside = ""  # the first title, creator and language are the main ones

    def end(_: str) -> None:
        nonlocal inside
        inside = ""

    def text(piece: str) -> None:
        if inside in ("title", "creator", "language"):
            package.about[inside] = (package.about.get(inside, "") + piece).strip()

    parse_xml(archive.read(path), path, start=start, end=end, text=text)
    return package


def _chapters(package: _Package, path: str) -> list[str]:
    """The members of the archive that hold the chapters, each once, in reading order."""
    folder = posixpath.dirname(path)
    hrefs = (package.items[name].partition("#")[0] for name in package.spine if name in package.items)
    return list(dict.fromkeys(posixpath.normpath(posixpath.join(folder, unquote(href))) for href in hrefs))


def _readable(data: bytes) -> bytes:
    if is_binary(data):
        raise DocumentRefusedError("copy-protected; its chapters are encrypted")
    return data
