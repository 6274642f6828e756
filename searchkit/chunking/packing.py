"""The blocks of one section gathered into spans of a good size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from searchkit.chunking.sections import Section
from searchkit.chunking.sentences import sentence_spans
from searchkit.chunking.splitting import pieces
from searchkit.chunking.tokens import TokenMap
from searchkit.types import Block, BlockKind

SMALLEST_TOKENS = 24  # less than this says too little alone: a heading with one line


@dataclass(frozen=True, slots=True)
class Bounds:
    """Tokens for the text of a chunk: what it aims at, what it never passes, and what may be said twice."""

    target: int
    limit: int
    overlap: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """One chunk to be: ``text[start:end]``, and from ``overlap_start`` on with what is said again before it."""

    overlap_start: int
    start: int
    end: int


def gather(text: str, section: Section, tokens: TokenMap, bounds: Bounds) -> Iterator[Gathered]:
    """Spans that hold all of ``section`` in order, each within ``bounds.limit`` tokens, overlap included."""
    if tokens.count(section.start, section.end) <= min(bounds.limit, bounds.target * 5 // 4):
        yield Gathered(section.start, section.start, section.end)  # a little over is better than cut in two
        return
    previous: list[Block] = []
    for group in _groups(list(_fitting_blocks(text, section, tokens, bounds.limit)), tokens, bounds):
        start = group[0].start
        overlap_start = _overlap_start(text, previous, group, tokens, bounds) if previous else start
        yield Gathered(overlap_start, start, group[-1].end)
        previous = group


def _fitting_blocks(text: str, section: Section, tokens: TokenMap, limit: int) -> Iterator[Block]:
    """The section's blocks, long ones in pieces, a heading joined to the piece that follows it."""
    heading: Block | None = None
    for block in section.blocks:
        if block.kind is BlockKind.HEADING and tokens.count(block.start, block.end) <= limit // 2:
            if heading is not None:
                yield heading
            heading = block
            continue
        room = limit if heading is None else limit - tokens.count(heading.start, heading.end)
        for piece in pieces(text, block, tokens, room):
            yield piece if heading is None else Block(piece.kind, heading.start, piece.end)
            heading = None
    if heading is not None:
        yield heading


def _groups(blocks: Sequence[Block], tokens: TokenMap, bounds: Bounds) -> list[list[Block]]:
    """Neighbours gathered into groups of about equal size, none over the limit."""
    total = tokens.count(blocks[0].start, blocks[-1].end)
    wanted = -(-total // bounds.target)
    even = total / wanted  # 260 tokens become 130 and 130, not 200 and 60
    groups = [[blocks[0]]]
    for block in blocks[1:]:
        start = groups[-1][0].start
        # Code belongs to the words that introduce it, so the two may fill the whole window.
        most = bounds.limit if block.kind is BlockKind.CODE else bounds.target
        if tokens.count(start, groups[-1][-1].end) < even and tokens.count(start, block.end) <= most:
            groups[-1].append(block)
        else:
            groups.append([block])
    _join_tiny_end(groups, tokens, bounds.limit)
    return groups


def _join_tiny_end(groups: list[list[Block]], tokens: TokenMap, limit: int) -> None:
    if len(groups) < 2:
        return
    last, before = groups[-1], groups[-2]
    is_tiny = tokens.count(last[0].start, last[-1].end) < SMALLEST_TOKENS
    if is_tiny and tokens.count(before[0].start, last[-1].end) <= limit:
        before.extend(groups.pop())


def _overlap_start(
    text: str, previous: Sequence[Block], group: Sequence[Block], tokens: TokenMap, bounds: Bounds
) -> int:
    """Where ``group`` begins once it repeats the last sentences of ``previous``; code is not repeated."""
    start, end = group[0].start, group[-1].end
    room = min(bounds.overlap, bounds.limit - tokens.count(start, end))
    if room <= 0:
        return start
    prose_start = max((block.end for block in previous if block.kind is BlockKind.CODE), default=previous[0].start + 1)
    earliest = tokens.reach_back(start, room, prose_start)
    sentences = sentence_spans(text[earliest:start])
    # The first span begins wherever the window does, most often inside a sentence.
    return earliest + sentences[1][0] if len(sentences) > 1 else start
