"""The one JSON form of a hit, shared by the command line, the server and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.types import Hit, Place


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """A hit as JSON values. The names and meanings are stable; new names may join them.

    ``id`` is the chunk's id (int64, never reused), ``path`` uses ``/`` and is null for documents without a
    file; ``line_start`` and ``line_end`` count from 1, both included, and are null where a file has no lines
    (PDF), whose ``page`` counts from 1. ``score`` is the cosine of query and chunk. ``alike`` are ids of chunks folded
    under the hit, ``others`` further places of its document; ``context_before`` and ``context_after`` are null where
    no context was asked for.
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
        "alike": list(hit.alike),
        "others": [_place_to_dict(place) for place in hit.others],
        "context_before": None if hit.context is None else hit.context.before,
        "context_after": None if hit.context is None else hit.context.after,
    }


def _place_to_dict(place: Place) -> dict[str, Any]:
    return {
        "id": place.chunk_id,
        "line_start": place.line_start,
        "line_end": place.line_end,
        "page": place.page,
    }
