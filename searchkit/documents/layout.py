"""Text and its blocks: put together for formats whose text is extracted, found by line for the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from searchkit.documents.metadata import one_line
from searchkit.types import Block, BlockKind


class TextBuilder:
    """Builds the text of a document from its pieces, with a blank line between two of them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, kind: BlockKind, text: str, *, level: int = 0, is_tight: bool = False) -> None:
        """Append one block; blank ones are passed over.

        Args:
            level: of a heading, 1 is the highest.
            is_tight: no blank line before it, as between the items of a list.
        """
        text = text.strip("\n").rstrip() if kind is BlockKind.CODE else text.strip()
        if not text:
            return
        self._separate("\n" if is_tight else "\n\n")
        title = one_line(text) if kind is BlockKind.HEADING else ""
        self._blocks.append(Block(kind, self._length, self._length + len(text), level, title))
        self._append(text)

    def extend(self, text: str, blocks: Iterable[Block]) -> None:
        """Append a text that has blocks of its own."""
        if not text:
            return
        self._separate("\n\n")
        self._blocks.extend(shifted(blocks, self._length))
        self._append(text)

    def build(self) -> tuple[str, tuple[Block, ...]]:
        return "".join(self._parts), tuple(self._blocks)

    def _separate(self, gap: str) -> None:
        if self._length:
            self._append(gap)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def shifted(blocks: Iterable[Block], by: int) -> list[Block]:
    """The blocks ``by`` characters further on."""
    if not by:
        return list(blocks)
    return [replace(block, start=block.start + by, end=block.end + by) for block in blocks]


class LineBlocks:
    """Blocks that are whole lines of a source text, added from the top down."""

    def __init__(self, lines: Sequence[str], offset: int = 0) -> None:
        self._lines = lines
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=offset))
        self.blocks: list[Block] = []

    def add(self, kind: BlockKind, first: int, last: int, *, level: int = 0, title: str = "") -> None:
        """Lines ``first`` to before ``last``, counted from 0, without the blank ones at both ends.

        Blank blocks, and lines that an earlier block took, are passed over.
        """
        last = min(last, len(self._lines))
        while first < last and (self._starts[first] < self._taken() or not self._lines[first].strip()):
            first += 1
        while first < last and not self._lines[last - 1].strip():
            last -= 1
        if first < last:
            end = self._starts[last - 1] + len(self._lines[last - 1].rstrip())
            self.blocks.append(Block(kind, self._starts[first], end, level, one_line(title)))

    def _taken(self) -> int:
        return self.blocks[-1].end if self.blocks else 0


def first_title(blocks: Iterable[Block]) -> str:
    """The title of the first heading that has one."""
    return next((block.title for block in blocks if block.title), "")
