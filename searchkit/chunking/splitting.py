"""Pieces of a long block, each small enough for one chunk: the coarsest cut that fits is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from searchkit.chunking.sections import paragraphs, trimmed
from searchkit.chunking.sentences import sentence_spans
from searchkit.chunking.tokens import TokenMap
from searchkit.types import Block, BlockKind

_LAST_SPACE = re.compile(r"\s\S*\Z")
_WORD_SEARCH = 256  # characters to look back for a space before a word is cut


def pieces(text: str, block: Block, tokens: TokenMap, limit: int) -> Iterator[Block]:
    """``block`` whole if it has at most ``limit`` tokens, else its parts in order.

    Code is cut at blank lines, then at line ends; prose at sentences; what is still too long at words, and
    a single endless word at tokens.
    """
    if tokens.count(block.start, block.end) <= limit:
        yield block
    elif block.kind is BlockKind.CODE:
        yield from _code_pieces(text, block, tokens, limit)
    else:
        for start, end in sentence_spans(text[block.start : block.end]):
            yield from _cut(text, Block(block.kind, block.start + start, block.start + end), tokens, limit)


def _code_pieces(text: str, block: Block, tokens: TokenMap, limit: int) -> Iterator[Block]:
    for part in paragraphs(text, block.start, block.end, BlockKind.CODE):
        if tokens.count(part.start, part.end) <= limit:
            yield part
        else:
            for line in _lines(text, part):
                yield from _cut(text, line, tokens, limit)


def _lines(text: str, block: Block) -> Iterator[Block]:
    start = block.start
    while start < block.end:
        end = text.find("\n", start, block.end)
        end = block.end if end < 0 else end + 1
        yield from trimmed(text, Block(block.kind, start, end))
        start = end


def _cut(text: str, block: Block, tokens: TokenMap, limit: int) -> Iterator[Block]:
    """``block`` in pieces of at most ``limit`` tokens, ended at spaces where there are any."""
    start = block.start
    while start < block.end:
        end = max(tokens.reach(start, limit, block.end), start + 1)
        if end < block.end and not (text[end].isspace() or text[end - 1].isspace()):
            space = _LAST_SPACE.search(text, max(start + 1, end - _WORD_SEARCH), end)
            end = space.start() if space else end
        yield from trimmed(text, Block(block.kind, start, end))
        start = end
