"""The best sentence of a hit: the one whose embedding is closest to the query."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from searchkit.chunking import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchkit.encoder import Encoder
    from searchkit.types import Hit, Rows

MAX_SENTENCES = 24  # a hit; more would make a table of numbers cost more than the search itself
SNIPPET_CHARACTERS = 240


def with_best_sentences(encoder: Encoder, query: Rows, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with their best sentence as snippet; ``query`` is its embedding (D,)."""
    spans = [sentence_spans(hit.text)[:MAX_SENTENCES] for hit in hits]
    texts = [hit.text[start:end] for hit, own in zip(hits, spans, strict=True) for start, end in own]
    scores = encoder.encode_passages(texts) @ query
    result, first = [], 0
    for hit, own in zip(hits, spans, strict=True):
        if own:
            start, end = own[int(scores[first : first + len(own)].argmax())]
            hit = replace(hit, snippet=hit.text[start:end], snippet_start=start)
        first += len(own)
        result.append(hit)
    return result


def opening(text: str, heading: str) -> tuple[str, int]:
    """The first words of a chunk after the line that only repeats its heading: (snippet, where it starts)."""
    start = len(text) - len(text.lstrip())
    first_line, _, rest = text[start:].partition("\n")
    if heading and first_line.strip("#=-*~ \t") == heading and rest.strip():
        start = len(text) - len(rest.lstrip())
    end = min(len(text), start + SNIPPET_CHARACTERS)
    if end < len(text) and " " in text[start:end]:
        end = text.rindex(" ", start, end)
    return text[start:end].rstrip(), start
