"""From a query's embedding to hits: the filter first, then the nearest chunks, then what a person sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.errors import InputError
from searchkit.index import IdFilter
from searchkit.search.highlight import opening, with_best_sentences
from searchkit.store import MAX_CHUNK_ID
from searchkit.types import Hit

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import ChunkRow, StoreReader
    from searchkit.types import Ids, Rows

Where: TypeAlias = "str | Mapping[str, object] | None"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked besides the query itself; see `SearchEngine.search`."""

    k: int
    where: Where = None
    path: str | None = None
    min_score: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InputError(f"k is {self.k!r}; expected a whole number of at least 1")
        if self.min_score is not None and not -1 <= self.min_score <= 1:
            raise InputError(f"min_score is {self.min_score}; expected a cosine, -1 to 1")


def check_query(query: str) -> str:
    """Gives the query when there is something in it; lone surrogates become question marks."""
    if not isinstance(query, str):
        raise InputError(f"the query is {type(query).__name__}; expected text")
    if not query.strip():
        raise InputError("the query is empty", hint='ask in plain words: searchkit query "how do I ..."')
    return query.encode("utf-8", "replace").decode("utf-8")


def answer(
    reader: StoreReader,
    snapshot: Snapshot,
    queries: Rows,
    question: Question,
    highlighter: Encoder | None = None,
) -> list[list[Hit]]:
    """The hits of each query (Q, D), best first; with a ``highlighter`` their snippet is the best sentence."""
    scores, ids = snapshot.nearest(queries, question.k, _allowed(reader, question))
    rows = reader.chunk_rows(np.unique(ids[ids >= 0]))
    answers = [_hits(*found, rows, question.min_score) for found in zip(scores, ids, strict=True)]
    if highlighter is not None:
        answers = [with_best_sentences(highlighter, *pair) for pair in zip(queries, answers, strict=True)]
    return answers


def neighbours_of(reader: StoreReader, snapshot: Snapshot, target: int | str, question: Question) -> list[Hit]:
    """The chunks nearest to the mean of the target's own, which are left out."""
    own = _chunks_of(reader, target)
    query = reader.vectors(own).astype(np.float32).mean(axis=0, keepdims=True)
    scores, ids = snapshot.nearest(query, question.k + len(own), _allowed(reader, question))
    others = ~np.isin(ids[0], own)
    scores, ids = scores[0][others][: question.k], ids[0][others][: question.k]
    return _hits(scores, ids, reader.chunk_rows(ids[ids >= 0]), question.min_score)


def _allowed(reader: StoreReader, question: Question) -> IdFilter | None:
    if question.where is None and question.path is None:
        return None
    from searchkit.store.filters import compile_filter, path_matcher

    condition = None if question.where is None else compile_filter(question.where, reader.metadata_fields())
    matches = None if question.path is None else path_matcher(question.path)
    return IdFilter(reader.allowed_ids(condition, matches))


def _chunks_of(reader: StoreReader, target: int | str) -> Ids:
    if isinstance(target, int):
        ids = np.array([target] if 0 < target <= MAX_CHUNK_ID else [], dtype=np.int64)
        found = ids if reader.chunk_rows(ids) else ids[:0]
    else:
        found = reader.chunk_ids_of(target)
    if not len(found):
        raise InputError(f"there is no chunk, document or file {target!r}", hint="searchkit ls shows what there is")
    return found


def _hits(scores: Rows, ids: Ids, rows: Mapping[int, ChunkRow], min_score: float | None) -> list[Hit]:
    kept = [
        (float(score), rows[int(chunk_id)])
        for score, chunk_id in zip(scores, ids, strict=True)
        if chunk_id >= 0 and (min_score is None or score >= min_score)
    ]
    return [_hit(rank, score, row) for rank, (score, row) in enumerate(kept, start=1)]


def _hit(rank: int, score: float, row: ChunkRow) -> Hit:
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
    )
