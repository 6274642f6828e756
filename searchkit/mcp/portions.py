"""Records of bounded size: what a hit and a chunk become in an answer, and how much of them fits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.search import StoredChunk
    from searchkit.types import Hit, Metadata

Record = dict[str, Any]
LONGEST_LABEL = 200
LONGEST_VALUE = 200  # characters of one value of the metadata, as JSON
MOST_FIELDS = 20


class Portion:
    """Characters that are left of an answer; the first record always fits, cut where it has to be."""

    def __init__(self, most: int) -> None:
        self._left, self._is_first = most, True

    def take(self, record: Record) -> Record | None:
        """The record, or None where it is too long for what is left."""
        frame = len(json.dumps({**record, "text": ""}, ensure_ascii=False, default=str))
        size = frame + len(record["text"])
        if size > self._left and not self._is_first:
            return None
        room = max(0, self._left - frame)
        self._left, self._is_first = self._left - size, False
        is_cut = len(record["text"]) > room
        return {**record, "text": record["text"][:room], "is_cut": is_cut}


def hit_record(hit: Hit) -> Record:
    """A hit; the text is that of its chunk, between that of its neighbours where context was asked for."""
    around = ("", "") if hit.context is None else (hit.context.before, hit.context.after)
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "doc_id": hit.doc_id,
        "path": hit.path,
        "title": clipped(hit.title),
        "metadata": small_metadata(hit.metadata),
        "id": hit.chunk_id,
        "line_start": hit.line_start,
        "line_end": hit.line_end,
        "page": hit.page,
        "heading": clipped(" > ".join(hit.heading_path)),
        "text": "\n".join(part for part in (around[0], hit.text, around[1]) if part),
        "is_cut": False,
    }


def chunk_record(chunk: StoredChunk) -> Record:
    """A chunk of a document."""
    return {
        "id": chunk.chunk_id,
        "line_start": chunk.line_start,
        "line_end": chunk.line_end,
        "page": chunk.page,
        "heading": clipped(" > ".join(chunk.heading_path)),
        "text": chunk.text,
        "is_cut": False,
    }


def small_metadata(metadata: Metadata) -> Record:
    """The fields that are short enough to be shown, at most twenty."""
    short = {
        name: value
        for name, value in metadata.items()
        if len(name) <= LONGEST_LABEL and len(json.dumps(value, ensure_ascii=False)) <= LONGEST_VALUE
    }
    return dict(list(short.items())[:MOST_FIELDS])


def clipped(text: str, most: int = LONGEST_LABEL) -> str:
    """The beginning of a long text, with a mark."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
