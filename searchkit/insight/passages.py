"""A chunk as it is shown: where it stands and how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.insight.model import Passage
from searchkit.search.asking.highlight import opening

if TYPE_CHECKING:
    from searchkit.store import ChunkRow


def passage_of(chunk: ChunkRow, cosine: float) -> Passage:
    """The chunk with the cosine that it is shown for."""
    return Passage(
        chunk_id=chunk.chunk_id,
        doc_id=chunk.doc_id,
        path=chunk.path,
        title=chunk.title,
        line_start=chunk.line_start if chunk.lines_are_source else None,
        page=chunk.page,
        text=snippet_of(chunk),
        cosine=cosine,
    )


def snippet_of(chunk: ChunkRow) -> str:
    """How the chunk begins, without the lines that only draw its heading."""
    return opening(chunk.text, chunk.heading_path[-1] if chunk.heading_path else chunk.title)[0]


def place_of(passage: Passage) -> str:
    """Where a person finds it: ``path:line``, ``path#page=3``, ``path#record``, or the document's name."""
    if passage.path is None:
        return passage.doc_id
    if passage.line_start is not None:
        return f"{passage.path}:{passage.line_start}"
    return passage.doc_id if passage.page is None else f"{passage.path}#page={passage.page}"
