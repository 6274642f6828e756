"""The one JSON form of a hit, shared by the command line, the server and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.types import Hit


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON values. The names and meanings are stable; new names may join them.

    ``id`` is the chunk's id (int64, never reused), ``path`` uses ``/`` and is null for documents without a
    file; ``line_start`` and ``line_end`` count from 1, both included, and are null where a file has no lines
    (PDF), whose ``page`` counts from 1. ``score`` is the cosine of query and chunk.
    """
    return {
        "rank": hit.rank,
        "score": hit.score,
        "id": hit.chunk_id,
        "doc_id": hit.doc_id,
        "path": hit.path,
        "line_start": hit.line_start,
        "line_end": hit.line_end,
        "page": hit.page,
        "title": hit.title,
        "heading_path": list(hit.heading_path),
        "snippet": hit.snippet,
        "text": hit.text,
        "metadata": dict(hit.metadata),
    }
