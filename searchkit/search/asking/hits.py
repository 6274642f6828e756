"""Stored chunks as hits: what a person sees of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.search.asking.highlight import opening
from searchkit.search.context import context_of
from searchkit.types import Explanation, Hit, Place

if TYPE_CHECKING:
    from searchkit.search.asking.choice import Choice
    from searchkit.search.backend import Reader
    from searchkit.store import ChunkRow


def hits_of(
    reader: Reader,
    choice: Choice,
    *,
    context: int = 0,
    explanations: Mapping[int, Explanation] | None = None,
    percentile: Callable[[float], float | None] | None = None,
) -> list[Hit]:
    """The chosen chunks as hits, with ``context`` chunks around each; ``percentile`` says what a cosine means."""
    others = [chunk_id for places in choice.others.values() for chunk_id in places]
    rows = reader.chunk_rows(np.sort(np.array([*choice.ids.tolist(), *others], dtype=np.int64)))
    chosen = zip(choice.ids.tolist(), choice.cosines.tolist(), strict=True)
    return [
        make_hit(
            rank,
            cosine,
            rows[chunk_id],
            (explanations or {}).get(chunk_id),
            alike=choice.alike.get(chunk_id, ()),
            others=tuple(_place(rows[other]) for other in choice.others.get(chunk_id, ())),
            context=context_of(reader, chunk_id, context) if context else None,
            percentile=None if percentile is None else percentile(_as_score(cosine)),
        )
        for rank, (chunk_id, cosine) in enumerate(chosen, start=1)
    ]


def _place(row: ChunkRow) -> Place:
    line_start, line_end = _lines(row)
    return Place(row.chunk_id, line_start, line_end, row.page)


def _lines(row: ChunkRow) -> tuple[int, int] | tuple[None, None]:
    return (row.line_start, row.line_end) if row.lines_are_source else (None, None)


def make_hit(rank: int, score: float, row: ChunkRow, explanation: Explanation | None = None, **more: Any) -> Hit:
    """A hit of the chunk; its snippet is the opening. ``more`` are further attributes of a `Hit`."""
    line_start, line_end = _lines(row)
    snippet, snippet_start = opening(row.text, row.heading_path[-1] if row.heading_path else row.title)
    return Hit(
        rank=rank,
        score=_as_score(score),
        chunk_id=row.chunk_id,
        doc_id=row.doc_id,
        path=row.path,
        title=row.title,
        heading_path=row.heading_path,
        text=row.text,
        snippet=snippet,
        snippet_start=snippet_start,
        start=row.start,
        end=row.end,
        line_start=line_start,
        line_end=line_end,
        page=row.page,
        metadata=row.metadata,
        explanation=explanation,
        **more,
    )


def _as_score(cosine: float) -> float:
    return min(1.0, max(-1.0, cosine))
