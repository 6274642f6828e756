"""More like this: the neighbours of chunks that are in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.search.hits import make_hit
from searchkit.search.pipeline import allowed_chunks, rankings_of
from searchkit.store import MAX_CHUNK_ID

if TYPE_CHECKING:
    from searchkit.search.question import Question
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import StoreReader
    from searchkit.types import Hit, Ids


def neighbours_of(reader: StoreReader, snapshot: Snapshot, target: int | str, question: Question) -> list[Hit]:
    """The chunks nearest to the mean of the target's own, which are left out."""
    own = _chunks_of(reader, target)
    query = reader.vectors(own).astype(np.float32).mean(axis=0, keepdims=True)
    (near,) = rankings_of(snapshot.nearest(query, question.k + len(own), allowed_chunks(reader, question)))
    near = near.only(~np.isin(near.ids, own)).first(question.k)
    rows = reader.chunk_rows(near.ids)
    pairs = zip(near.ids.tolist(), near.scores.tolist(), strict=True)
    return [make_hit(rank, score, rows[chunk_id]) for rank, (chunk_id, score) in enumerate(pairs, start=1)]


def _chunks_of(reader: StoreReader, target: int | str) -> Ids:
    if isinstance(target, int):
        is_there = 0 < target <= MAX_CHUNK_ID and reader.has_chunk(target)
        found = np.array([target] if is_there else [], dtype=np.int64)
    else:
        found = reader.chunk_ids_of(target)
    if not len(found):
        raise InputError(f"there is no chunk, document or file {target!r}", hint="searchkit ls shows what there is")
    return found
