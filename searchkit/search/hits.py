"""Stored chunks as hits: what a person sees of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.search.highlight import opening
from searchkit.types import Explanation, Hit

if TYPE_CHECKING:
    from searchkit.store import ChunkRow


def make_hit(rank: int, score: float, row: ChunkRow, explanation: Explanation | None = None) -> Hit:
    """A hit of the chunk; its snippet is the opening."""
    snippet, snippet_start = opening(row.text, row.heading_path[-1] if row.heading_path else row.title)
    return Hit(
        rank=rank,
        score=min(1.0, max(-1.0, score)),
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
        line_start=row.line_start if row.lines_are_source else None,
        line_end=row.line_end if row.lines_are_source else None,
        page=row.page,
        metadata=row.metadata,
        explanation=explanation,
    )
