"""Markdown: headings, paragraphs and code with their places in the source; front matter as metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from searchkit.documents.frontmatter import FrontMatter, split
from searchkit.documents.layout import LineBlocks, first_title
from searchkit.documents.metadata import LONGEST_TITLE, one_line
from searchkit.documents.raw import RawFile
from searchkit.types import Block, BlockKind, Document

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# The parser keeps some 2 kB of tokens a line, so a long text is parsed in parts, cut where nothing is open.
_PART = 100_000  # characters
_MOST = 3 * _PART  # where nothing ends a part, such as in a list without end, it ends with a line
_LONGEST = 5_000_000  # characters, a shelf of books; what is longer is data, and paragraphs are structure enough
_MARK = re.compile(
    r"^(?: {0,3}(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<info>.*)|(?P<heading>#{1,6}[ \t].*)|(?P<blank>)\n(?=\S))", re.M
)
_MARKUP = re.compile(r"[*_`\[\]<&\\!{]")
_ANCHOR = re.compile(r"\s*\{[#:.][^{}]*\}\s*$")
_PROSE = frozenset({"paragraph_open", "html_block", "heading_open"})
_CODE = frozenset({"fence", "code_block"})


def read(raw: RawFile) -> list[Document]:
    """The one document of a Markdown file; its text is the whole file, front matter included."""
    text = raw.text()
    matter = split(text)
    title = matter.fields.get("title")
    own_title = title if isinstance(title, str) else ""
    blocks = [*_matter_block(matter, own_title), *parse(text, matter.end)]
    fields = {key: value for key, value in matter.fields.items() if key != "title"}
    return [raw.document("markdown", text, title=own_title or first_title(blocks), blocks=blocks, fields=fields)]


def parse(text: str, start: int = 0) -> list[Block]:
    """The blocks of ``text[start:]``, with positions in ``text``; none for endless text."""
    if len(text) > _LONGEST:
        return []
    return [block for first, last in _parts(text, start) for block in _part_blocks(text[first:last], first)]


def _matter_block(matter: FrontMatter, title: str) -> list[Block]:
    """Front matter stands above all that follows, as a heading does."""
    return [Block(BlockKind.HEADING, 0, matter.end, 1, one_line(title))] if matter.end else []


def _parts(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Spans of about ``_PART`` characters, cut before headings, or else between paragraphs or lines."""
    if len(text) - start > _PART:
        fence, plain = "", start  # the last place where code ended
        for mark in _MARK.finditer(text, start):
            for cut in () if fence else _line_ends(text, max(start, plain), mark.start()):
                yield start, cut
                start = cut
            if mark["fence"]:
                fence, plain = _fence_after(fence, mark["fence"], mark["info"]), mark.end()
            elif not fence and mark.start() - start > (_PART if mark["heading"] else 2 * _PART):
                yield start, mark.start()
                start = mark.start()
        for cut in () if fence else _line_ends(text, max(start, plain), len(text)):
            yield start, cut
            start = cut
    yield start, len(text)


def _line_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Where lines end, about ``_MOST`` characters from each other, as often as ``text[start:end]`` is longer."""
    while end - start > _MOST:
        start = text.rfind("\n", start, start + _MOST) + 1 or text.find("\n", start + _MOST, end) + 1
        if not start:
            return
        yield start


def _fence_after(open_fence: str, fence: str, info: str) -> str:
    """The fence that is open after a line of backticks or tildes; "" for none."""
    if not open_fence:
        return fence
    closes = fence[0] == open_fence[0] and len(fence) >= len(open_fence) and not info.strip()
    return "" if closes else open_fence


def _part_blocks(text: str, offset: int) -> list[Block]:
    found = LineBlocks(text.split("\n"), offset)
    tokens = _parser().parse(text)
    for at, token in enumerate(tokens):
        if token.map is None:
            continue
        if token.type == "heading_open" and token.level == 0:
            found.add(BlockKind.HEADING, *token.map, level=int(token.tag[1]), title=_title(tokens[at + 1]))
        elif token.type in _CODE:
            found.add(BlockKind.CODE, *token.map)
        elif token.type in _PROSE:
            found.add(BlockKind.PARAGRAPH, *token.map)
    return found.blocks


def _title(token: Token) -> str:
    """A heading's words without markup."""
    source = _ANCHOR.sub("", token.content[: 2 * LONGEST_TITLE])
    if not _MARKUP.search(source):
        return source
    children = _inline_parser().parseInline(source)[0].children or []
    return "".join(" " if child.type == "softbreak" else child.content for child in children)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """Blocks alone: a table is the paragraph that its lines are, and inline markup stays as it is."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")


@lru_cache(maxsize=1)
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False})
