"""HTML: the main text of a page in reading order, without navigation, scripts and page furniture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from searchkit.documents.encodings import clean_lines
from searchkit.documents.layout import TextBuilder, first_title
from searchkit.documents.nesting import check_nesting, tags
from searchkit.documents.raw import RawFile
from searchkit.errors import DocumentRefusedError
from searchkit.types import Block, BlockKind, Document

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_CHARSET = re.compile(rb"(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?([A-Za-z][\w.:-]{1,30})")
_HEAD_BYTES = 2048
_NEVER = (
    "script, style, noscript, template, svg, canvas, object, embed, iframe, audio, video, nav, footer, dialog, "
    "button, select, input, textarea, a.headerlink, a.anchor-link, [hidden], [aria-hidden=true], "
    "[role=navigation], [role=search], [role=contentinfo], [role=banner]:not(:has(h1)), .sphinxsidebar, "
    "header:not(:has(h1, h2)), div.related, .breadcrumb, .breadcrumbs, .skip-link, .screen-reader-text"
)
_ASIDE = "aside, .sidebar, #sidebar"
# What marks the main text, surest first, and the share of the page's text below which it is not believed.
_MAIN = (
    ("main, [role=main]", 0.1),
    ("article", 0.3),
    ("div.body, div.document, #content, #main, .content, .post, .entry-content", 0.3),
)
_REDIRECT = "meta[http-equiv=refresh i]"
_REDIRECT_WORDS = 60
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = tags(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form header hgroup hr html legend li main menu ol p section summary table tbody tfoot thead "
    "tr ul"
)
_NOT_IN_CELLS = "h1, h2, h3, h4, h5, h6, pre, table"  # a table with these is there for layout
_ANCHOR_MARKS = frozenset("#¶§🔗")  # links from a heading to itself
_BREAK = "\v"  # stands for <br>; no text holds one
_SPACES = re.compile(r"[ \t\n\f\r]+")

_LONGEST_HEADING = 1000  # characters; longer ones are headings that were never closed


@dataclass(frozen=True, slots=True)
class Page:
    """The readable part of an HTML page."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    fields: dict[str, object] = field(default_factory=dict)
    is_redirect: bool = False


def read(raw: RawFile) -> list[Document]:
    """The one document of an HTML file; lines are those of the extracted text.

    Raises:
        DocumentRefusedError: as `extract`; or it is a mere redirect.
    """
    page = extract(raw.text(declared=declared_charset(raw.data)))
    if page.is_redirect:
        raise DocumentRefusedError("it only leads to another page")
    return [
        raw.document(
            "html", page.text, title=page.title, blocks=page.blocks, fields=page.fields, lines_are_source=False
        )
    ]


def declared_charset(data: bytes) -> str | None:
    """The encoding that a page names at its top, in a ``meta`` tag or an XML declaration."""
    found = _CHARSET.search(data[:_HEAD_BYTES])
    return found[1].decode("ascii") if found else None


def extract(html: str) -> Page:
    """The main text of a page with its headings, paragraphs, code, lists and tables in reading order.

    Raises:
        DocumentRefusedError: it is nested so deeply that parsing it would not end.
    """
    from selectolax.lexbor import LexborHTMLParser

    check_nesting(html)
    tree = LexborHTMLParser(html)
    title, fields = _head(tree)
    body = tree.body or tree.root
    if body is None:
        return Page("", ())
    _drop(body, _NEVER)
    main = _main(body)
    if main.tag not in ("main", "article"):
        _drop(main, _ASIDE)
    text, blocks = _Layout(main).build()
    is_redirect = tree.css_first(_REDIRECT) is not None and len(text.split()) < _REDIRECT_WORDS
    return Page(text, blocks, title or first_title(blocks), fields, is_redirect)


def _head(tree: LexborHTMLParser) -> tuple[str, dict[str, object]]:
    title = tree.css_first("title")
    root = tree.css_first("html")
    fields: dict[str, object] = {"lang": root.attributes.get("lang") if root else None}
    for name in ("description", "author"):
        meta = tree.css_first(f"meta[name={name} i]")
        fields[name] = (meta.attributes.get("content") or "").strip() if meta else None
    return (title.text() if title else ""), fields


def _drop(root: LexborNode, selector: str) -> None:
    """Remove what matches; elements inside one that goes are not touched again, their memory is gone."""
    chosen: dict[int, LexborNode] = {}
    for node in root.css(selector):
        above = node.parent
        while above is not None and above.mem_id not in chosen and above.mem_id != root.mem_id:
            above = above.parent
        if above is None or above.mem_id not in chosen:
            chosen.setdefault(node.mem_id, node)
    for node in chosen.values():
        node.decompose()


def _main(body: LexborNode) -> LexborNode:
    """The largest element that is marked as the main one, if it holds a fair share of the text."""
    whole = len(body.text())
    for selector, share in _MAIN:
        sizes = [(len(node.text()), -at, node) for at, node in enumerate(body.css(selector))]
        if sizes:
            size, _, node = max(sizes, key=lambda found: found[:2])
            if size >= share * whole:
                return node
    return body


class _Layout:
    """Goes through the tree without recursion and lays out what it meets."""

    def __init__(self, root: LexborNode) -> None:
        self._root = root
        self._text = TextBuilder()
        self._line: list[str] = []
        self._kind, self._level = BlockKind.PARAGRAPH, 0
        self._is_item = self._after_item = False  # items of a list and rows of a table stand close together
        self._bullet = ""
        self._row = 0  # the table row that is being laid out on one line

    def build(self) -> tuple[str, tuple[Block, ...]]:
        node: LexborNode | None = self._root
        while node is not None:
            inner = node.first_child if self._enter(node) else None
            while inner is None and node is not None:
                self._leave(node)
                if node.mem_id == self._root.mem_id:
                    node = None
                elif (inner := node.next) is None:
                    node = node.parent
            node = inner
        self._flush()
        return self._text.build()

    def _enter(self, node: LexborNode) -> bool:
        """Whether to go on into the children of ``node``."""
        tag = node.tag or ""
        if tag == "-text":
            self._line.append(node.text())
        elif tag == "a" and self._kind is BlockKind.HEADING and node.text().strip() in _ANCHOR_MARKS:
            return False
        elif tag == "pre":
            self._flush()
            self._text.add(BlockKind.CODE, clean_lines(_preformatted(node)))
            self._after_item = False
            return False
        elif tag in _HEADINGS:
            self._flush()
            self._kind, self._level = BlockKind.HEADING, _HEADINGS[tag]
        elif tag in _BLOCKS:
            self._enter_block(node, tag)
        elif tag == "br":
            self._line.append(_BREAK)
        elif tag == "img":
            self._line.append(f" {node.attributes.get('alt') or ''} ")
        elif tag in ("td", "th") and self._has_words():
            self._line.append(" | ")
        return True

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        if self._row or (self._kind is BlockKind.HEADING and self._has_words()):
            self._line.append(" ")  # a block inside a heading or a cell is a part of it
            return
        self._flush()
        self._is_item = self._is_item or tag in ("li", "tr")
        if tag == "li":
            self._bullet = "- "
        elif tag == "tr" and node.css_first(_NOT_IN_CELLS) is None:
            self._row = node.mem_id

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if node.mem_id == self._row:
            self._row = 0
        if tag in _HEADINGS or (tag in _BLOCKS and self._kind is not BlockKind.HEADING and not self._row):
            self._flush()
            self._kind, self._level = BlockKind.PARAGRAPH, 0
        if tag in ("ul", "ol", "table", "dl", "li"):
            self._is_item, self._bullet = False, ""

    def _has_words(self) -> bool:
        return any(not piece.isspace() and piece for piece in self._line)

    def _flush(self) -> None:
        """End the block that is open."""
        if self._has_words():
            lines = [line.strip() for line in _SPACES.sub(" ", "".join(self._line)).split(_BREAK)]
            # cleaned once more, since "&#27;" was harmless until it was read
            text = self._bullet + clean_lines((" " if self._row else "\n").join(filter(None, lines)))
            is_heading = self._kind is BlockKind.HEADING and len(text) <= _LONGEST_HEADING
            kind = BlockKind.HEADING if is_heading else BlockKind.PARAGRAPH
            is_tight = self._is_item and self._after_item
            self._text.add(kind, text, level=self._level if is_heading else 0, is_tight=is_tight)
            self._bullet, self._is_item, self._after_item = "", False, self._is_item
        self._line.clear()


def _preformatted(node: LexborNode) -> str:
    for line_break in node.css("br"):
        line_break.replace_with("\n")
    return node.text()
