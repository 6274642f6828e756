"""The sections of a document: what stands under one heading, in order, with nothing left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from searchkit.chunking.passage import same_words
from searchkit.types import Block, BlockKind, Document

BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs to it, down to the next heading of any level.

    Attributes:
        path: headings from the outermost to the section's own, without repeats of the document's title.
        blocks: at least one, its heading first where it has one.
    """

    path: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def start(self) -> int:
        return self.blocks[0].start

    @property
    def end(self) -> int:
        return self.blocks[-1].end

    @property
    def is_bare_heading(self) -> bool:
        """Nothing but its heading: what it names follows in its subsections."""
        return all(block.kind is BlockKind.HEADING for block in self.blocks)


def sections(document: Document) -> list[Section]:
    """Split a document at its headings. Text that no block covers is read as paragraphs."""
    title = same_words(document.title)
    above: list[tuple[int, str]] = []  # levels and names of the headings open at this point, outermost first
    blocks: list[Block] = []
    found: list[Section] = []

    def close() -> None:
        if blocks:
            found.append(Section(tuple(name for _, name in above if name), tuple(blocks)))
            blocks.clear()

    for block in complete_blocks(document):
        if block.kind is BlockKind.HEADING:
            close()
            while above and above[-1][0] >= block.level:
                above.pop()
            name = " ".join(block.title.split())
            above.append((block.level, "" if same_words(name) == title else name))
        blocks.append(block)
    close()
    return found


def merge_tiny(found: list[Section], count: Callable[[int, int], int], *, smallest: int, largest: int) -> list[Section]:
    """Join sections below ``smallest`` tokens with those that follow under a common path.

    A line or two say too little alone. A bare heading, or front matter, of any length goes with its first subsection
    and under its path; a short section with its next sibling or first subsection, under what they have in common.
    """
    merged: list[Section] = []
    at = 0
    while at < len(found):
        group = found[at]
        at += 1
        while at < len(found) and (group.is_bare_heading or count(group.start, group.end) < smallest):
            path = _common_path(group, found[at])
            if path is None or count(group.start, found[at].end) > largest:
                break
            group = Section(path, group.blocks + found[at].blocks)
            at += 1
        merged.append(group)
    return merged


def _common_path(first: Section, second: Section) -> tuple[str, ...] | None:
    """The path of the two together, or None where they are not of one family."""
    is_below = second.path[: len(first.path)] == first.path
    if is_below and (first.is_bare_heading or len(second.path) > len(first.path)):
        return second.path if first.is_bare_heading else first.path
    same_depth = 0 < len(first.path) == len(second.path)
    return first.path[:-1] if same_depth and first.path[:-1] == second.path[:-1] else None


def complete_blocks(document: Document) -> Iterator[Block]:
    """The document's blocks without surrounding blank space, and paragraphs for the text between them."""
    text, done = document.text, 0
    for block in document.blocks:
        start, end = max(block.start, done), min(block.end, len(text))
        if start < end:
            if text[done:start].strip():
                yield from paragraphs(text, done, start)
            yield from trimmed(text, Block(block.kind, start, end, block.level, block.title))
            done = end
    yield from paragraphs(text, done, len(text))


def paragraphs(text: str, start: int, end: int, kind: BlockKind = BlockKind.PARAGRAPH) -> Iterator[Block]:
    """The pieces of ``text[start:end]`` between blank lines."""
    for gap in BLANK_LINES.finditer(text, start, end):
        yield from trimmed(text, Block(kind, start, gap.start()))
        start = gap.end()
    yield from trimmed(text, Block(kind, start, end))


def trimmed(text: str, block: Block) -> Iterator[Block]:
    """``block`` without surrounding space, or nothing if it is all space. Code keeps its indentation."""
    body = text[block.start : block.end]
    start = block.start + len(body) - len(body.lstrip())
    end = block.start + len(body.rstrip())
    if start >= end:
        return
    if block.kind is BlockKind.CODE:
        line_start = text.rfind("\n", 0, start) + 1
        start = line_start if line_start >= block.start else start
    yield Block(block.kind, start, end, block.level, block.title)
