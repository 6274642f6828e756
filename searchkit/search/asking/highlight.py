"""The best sentence of a hit: the one whose embedding is closest to the query."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from searchkit.chunking import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchkit.encoder import Encoder
    from searchkit.types import Hit, Rows

MAX_SENTENCES = 12  # a hit; more would make a table of numbers cost more than the search itself
SNIPPET_CHARACTERS = 240


_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n.*?\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
_RULE = re.compile(r"([=\-~^\"'`*+#.:_])\1{2,}")
_WORD = re.compile(r"\w+")


def with_best_sentences(encoder: Encoder, query: Rows, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with their best sentence as snippet; ``query`` is its embedding (D,)."""
    spans = [_candidates(hit) for hit in hits]
    contested = [(hit, own) for hit, own in zip(hits, spans, strict=True) if len(own) > 1]
    texts = [hit.text[start:end] for hit, own in contested for start, end in own]
    scores = iter((encoder.encode_passages(texts) @ query).tolist()) if texts else iter(())
    result = []
    for hit, own in zip(hits, spans, strict=True):
        best = max(own, key=lambda _: next(scores)) if len(own) > 1 else own[0]
        result.append(replace(hit, snippet=hit.text[slice(*best)], snippet_start=best[0]))
    return result


def _candidates(hit: Hit) -> list[tuple[int, int]]:
    """The sentences that may stand for the hit, at least one; its heading is shown anyway."""
    start = body_start(hit.text, hit.heading_path[-1] if hit.heading_path else hit.title)
    spans = [(start + first, start + last) for first, last in sentence_spans(hit.text[start:])]
    return spans[:MAX_SENTENCES] or [(hit.snippet_start, hit.snippet_start + len(hit.snippet))]


def opening(text: str, heading: str) -> tuple[str, int]:
    """The first words of a chunk's body: (snippet, where it starts)."""
    start = body_start(text, heading)
    end = min(len(text), start + SNIPPET_CHARACTERS)
    if end < len(text) and " " in text[start:end]:
        end = text.rindex(" ", start, end)
    return text[start:end].rstrip(), start


def body_start(text: str, heading: str) -> int:
    """Where a chunk's body begins: after front matter, and after the lines that only draw its heading.

    A chunk that is nothing else begins where its text does.
    """
    matter = _FRONT_MATTER.match(text)
    start = first = _skip_space(text, matter.end() if matter else 0)
    while start < len(text):
        line = text[start:].partition("\n")[0]
        if not _RULE.fullmatch(line.strip()) and not _draws(line, heading):
            return start
        start = _skip_space(text, start + len(line))
    return first if first < len(text) else _skip_space(text, 0)


def _draws(line: str, heading: str) -> bool:
    """Whether a line is the heading itself, under whatever markup."""
    words = set(_WORD.findall(heading.lower()))
    shown = set(_WORD.findall(line.lower()))
    return bool(words) and (words == shown or (words < shown and line.lstrip().startswith("#")))


def _skip_space(text: str, start: int) -> int:
    return len(text) - len(text[start:].lstrip())
