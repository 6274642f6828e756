"""Document -> chunks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.chunking.headings import FittedPath, PathFitter
from searchkit.chunking.packing import SMALLEST_TOKENS, Bounds, gather
from searchkit.chunking.passage import passage_text
from searchkit.chunking.sections import Section, merge_tiny, sections, trimmed
from searchkit.chunking.settings import ChunkSettings
from searchkit.chunking.tokens import TokenMap, encodable, map_tokens
from searchkit.errors import InputError
from searchkit.types import Block, BlockKind, Chunk, Document

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# A piece tokenised alone may differ from its part of the whole text: at a cut inside a word, and by a token
# or two at its edges for byte-level tokenizers. Chunks this close to the limit are counted once more.
EDGE_TOKENS = 6


_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    path: tuple[str, ...]


class Chunker:
    """Splits documents for one encoder.

    Args:
        tokenizer: the encoder's own. It is copied; truncation and padding set on it do not matter.
        settings: how long a chunk may be.

    Raises:
        InputError: the tokenizer's special tokens leave no room for text.
    """

    def __init__(self, tokenizer: Tokenizer, settings: ChunkSettings) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._settings = settings
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._room = settings.max_tokens - special
        if self._room < settings.max_tokens // 2:
            raise InputError(
                f"max_tokens is {settings.max_tokens}, of which special tokens take {special}",
                hint="raise max_tokens",
            )
        self._paths = PathFitter(self._tokenizer, settings.max_tokens // 4)

    def chunk(self, document: Document) -> list[Chunk]:
        """The chunks of ``document`` in the order of the text; none for a text without words.

        Every character that is not space is in at least one chunk. ``passage_text(document.title, chunk)``
        has at most ``max_tokens`` tokens, special tokens included. The tokenizer sees the text once.
        """
        text = document.text
        tokens = map_tokens(text, self._tokenizer)
        target = min(self._settings.target_tokens, self._room - self._settings.max_tokens // 4)
        found = merge_tiny(sections(document), tokens.count, smallest=SMALLEST_TOKENS, largest=target)
        title = " ".join(document.title.split())
        spans: list[_Span] = []
        for section in found:
            spans.extend(self._spans(document, section, self._paths.fit(title, section.path), tokens))
        return list(_chunks(document, spans))

    def _spans(self, document: Document, section: Section, path: FittedPath, tokens: TokenMap) -> Iterator[_Span]:
        text, bounds = document.text, self._bounds(path)
        is_whole = True
        for piece in gather(text, section, tokens, bounds):
            # where the piece before had to be shortened its end begins elsewhere: nothing is repeated then
            start = piece.overlap_start if is_whole else piece.start
            is_near_limit = tokens.count(start, piece.end) > bounds.limit - EDGE_TOKENS
            is_doubtful = is_near_limit or _cuts_word(text, start) or _cuts_word(text, piece.end)
            span = _Span(start, piece.end, path.headings)
            is_whole = not is_doubtful or self._fits(document, span)
            if is_whole:
                yield span
            else:
                yield from self._shortened(document, _Span(piece.start, piece.end, path.headings))

    def _bounds(self, path: FittedPath) -> Bounds:
        limit = self._room - path.tokens
        overlap = min(self._settings.overlap_tokens, self._settings.max_tokens // 4)
        return Bounds(min(self._settings.target_tokens, limit), limit, overlap)

    def _fits(self, document: Document, span: _Span) -> bool:
        alone = Chunk(document.text[span.start : span.end], 0, 0, 0, 0, span.path)
        encoding = self._tokenizer.encode(encodable(passage_text(document.title, alone)))
        return len(encoding.ids) <= self._settings.max_tokens

    def _shortened(self, document: Document, span: _Span) -> Iterator[_Span]:
        """``span`` if it fits when tokenised alone, else its halves."""
        if span.end - span.start < 2 or self._fits(document, span):
            yield span
            return
        text, middle = document.text, (span.start + span.end) // 2
        space = _SPACE.search(text, middle, span.end)
        middle = space.start() if space else middle
        for start, end in ((span.start, middle), (middle, span.end)):
            for part in trimmed(text, Block(BlockKind.PARAGRAPH, start, end)):
                yield from self._shortened(document, _Span(part.start, part.end, span.path))


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _chunks(document: Document, spans: Iterable[_Span]) -> Iterator[Chunk]:
    """Chunks with lines and pages; ``spans`` ascend, so each line end is counted once or twice in all."""
    text, line, counted = document.text, 1, 0
    for span in spans:
        line += text.count("\n", counted, span.start)
        counted = span.start
        yield Chunk(
            text=text[span.start : span.end],
            start=span.start,
            end=span.end,
            line_start=line,
            line_end=line + text.count("\n", span.start, span.end),
            heading_path=span.path,
            page=bisect_right(document.page_starts, span.start) or None,
        )
