"""Judging hits: from what a person names to the passage that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.index import rescore
from searchkit.search.asking.similar import chunks_of
from searchkit.search.indexing.ingest import passage_hash
from searchkit.search.indexing.reencode import passage_of
from searchkit.search.question import check_query
from searchkit.store.judgements import Judgement

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.store import StoreReader


def judgements_of(
    reader: StoreReader, encoder: Encoder, query: str, accepted: Sequence[int | str], rejected: Sequence[int | str]
) -> list[Judgement]:
    """A judgement for each target: a chunk's id, or the name of a document or file, of which its closest chunk counts.

    Raises:
        InputError: the query is empty, a target is not in the index, or two targets that are one passage contradict
            each other.
    """
    text = " ".join(check_query(query).split())
    vector = encoder.encode_queries([text])[0]
    judged = datetime.now(timezone.utc).isoformat(timespec="seconds")
    found: dict[tuple[str, bytes], Judgement] = {}
    for target, is_accepted in [*((one, True) for one in accepted), *((one, False) for one in rejected)]:
        ids = chunks_of(reader, target)
        best = ids[int(np.argmax(rescore(vector, reader.vectors(ids))))]
        row = reader.chunk_rows(np.array([best]))[int(best)]
        passage = passage_of(row)
        key = row.doc_id, passage_hash(passage)
        if key in found and found[key].is_accepted != is_accepted:
            raise InputError(f"{target!r} is both accepted and rejected: {row.doc_id}, chunk {row.chunk_id}")
        found[key] = Judgement(text, row.doc_id, passage, key[1], is_accepted, judged)
    return list(found.values())
