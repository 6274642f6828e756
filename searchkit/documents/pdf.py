"""PDF by pypdfium2 (extra ``docs``): the text of each page; the outline gives the headings."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from searchkit.documents.encodings import clean_lines
from searchkit.documents.metadata import one_line
from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError, MissingExtraError
from searchkit.types import Block, BlockKind, Document

if TYPE_CHECKING:
    from types import ModuleType

MOST_PAGES = 20_000
MOST_CHARS = 100_000_000  # a page that is packed small may hold text without end
_MOST_OUTLINE = 5_000
_PDFIUM = threading.Lock()  # pdfium is not thread-safe
_GAP = "\n\n"
# What pdfium gives for a hyphen at a line's end that belongs to no word.
_SOFT_HYPHEN = re.compile("[\x02\xad\ufffe]\\s*\n?")
_NO_TITLE = re.compile(r"(?:untitled|microsoft word - .*|.*\.(?:docx?|tex|dvi|indd|qxd|pages))", re.I)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the outline; pages count from 0."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class _Content:
    pages: Sequence[str]
    outline: Sequence[_Entry]
    about: dict[str, str]
    damaged_pages: int


def read(raw: RawFile) -> list[Document]:
    """The one document of a PDF file; pages that cannot be read are counted in its metadata.

    Raises:
        MissingExtraError: pypdfium2 is not installed.
        DocumentRefusedError: it is damaged or encrypted, or its pages are pictures.
    """
    content = _content(raw.data)
    text = _GAP.join(content.pages)
    if not text.strip():
        raise DocumentRefusedError("no text in it; its pages are pictures")
    lengths = (len(page) + len(_GAP) for page in content.pages[:-1])
    starts = [min(start, len(text)) for start in accumulate(lengths, initial=0)]
    title = content.about.get("Title", "")
    fields = {
        "author": content.about.get("Author"),
        "pages": len(content.pages),
        "damaged_pages": content.damaged_pages or None,
    }
    blocks = _headings(text, starts, content.outline)
    title = "" if _NO_TITLE.fullmatch(title.strip()) else title
    return [
        raw.document("pdf", text, title=title, blocks=blocks, fields=fields, page_starts=starts, lines_are_source=False)
    ]


def _content(data: bytes) -> _Content:
    pdfium = _pdfium()
    with _PDFIUM:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as exc:
            raise DocumentRefusedError(_reason(exc)) from exc
        try:
            if len(document) > MOST_PAGES:
                raise DocumentRefusedError(f"{len(document):,} pages, over the limit of {MOST_PAGES:,}")
            pages = _pages(pdfium, document)
            damaged = pages.count(None)
            if damaged == len(pages):
                raise DocumentRefusedError("a damaged PDF: no page can be read")
            outline = list(_outline(pdfium, document))
            return _Content([page or "" for page in pages], outline, document.get_metadata_dict(), damaged)
        finally:
            document.close()


def _pdfium() -> ModuleType:
    try:
        import pypdfium2
    except ImportError as exc:
        raise MissingExtraError("pypdfium2, which reads PDF,", "docs") from exc
    module: ModuleType = pypdfium2
    return module


def _reason(exc: Exception) -> str:
    is_locked = any(word in str(exc).lower() for word in ("password", "security"))
    return "encrypted; it needs a password" if is_locked else "a damaged PDF, or none"


def _pages(pdfium: ModuleType, document: Any) -> list[str | None]:
    pages: list[str | None] = []
    room = MOST_CHARS
    for number in range(len(document)):
        pages.append(_page_text(pdfium, document, number))
        room -= len(pages[-1] or "")
        if room < 0:
            raise DocumentRefusedError(f"more than {MOST_CHARS:,} characters of text")
    return pages


def _page_text(pdfium: ModuleType, document: Any, number: int) -> str | None:
    """The text of a page, or None when it cannot be read."""
    try:
        page = document[number]
        text_page = page.get_textpage()
        text: str = text_page.get_text_bounded()
        text_page.close()
        page.close()
    except pdfium.PdfiumError:
        return None
    return clean_lines(_SOFT_HYPHEN.sub("", text.replace("\r\n", "\n"))).strip()


def _outline(pdfium: ModuleType, document: Any) -> Iterator[_Entry]:
    try:
        for mark in islice(document.get_toc(), _MOST_OUTLINE):
            target = mark.get_dest()
            page = target.get_index() if target is not None else None
            if page is not None:
                yield _Entry(one_line(mark.get_title()), mark.level + 1, page)
    except pdfium.PdfiumError:
        return  # an outline is a convenience; the text does without


def _headings(text: str, starts: Sequence[int], outline: Sequence[_Entry]) -> list[Block]:
    """The lines that the outline names, found on their pages."""
    blocks: list[Block] = []
    for entry in outline:
        if not entry.title or not 0 <= entry.page < len(starts):
            continue
        start = max(starts[entry.page], blocks[-1].end if blocks else 0)
        end = starts[entry.page + 1] if entry.page + 1 < len(starts) else len(text)
        words = r"\s+".join(map(re.escape, entry.title.split()))
        found = re.compile(rf"^[ \t]*(?:[\dA-Z]+(?:\.\d+)*\.?[ \t]+)?{words}[ \t]*$", re.M).search(text, start, end)
        if found:
            blocks.append(Block(BlockKind.HEADING, found.start(), found.end(), entry.level, entry.title))
    return blocks
