"""What stands around a chunk in its document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError
from searchkit.store import MAX_CHUNK_ID
from searchkit.types import Context

if TYPE_CHECKING:
    from searchkit.search.backend import Reader
    from searchkit.store import ChunkRow
    from searchkit.types import Hit

_MOST = 1 << 31  # chunks on a side; larger numbers are not SQLite's


def context_of(reader: Reader, chunk_id: int, count: int) -> Context | None:
    """The text of up to ``count`` chunks before and after a chunk; None where there is no such chunk."""
    rows = reader.chunks_around(int(chunk_id), min(count, _MOST)) if 0 < chunk_id <= MAX_CHUNK_ID else []
    here = next((place for place, row in enumerate(rows) if row.chunk_id == chunk_id), None)
    if here is None:
        return None
    length = len(rows[here].text)
    return Context(before=joined_text(rows[: here + 1])[:-length], after=joined_text(rows[here:])[length:])


def context_around(reader: Reader, hit: Hit | int, count: int) -> Context:
    """`context_of` a hit, or of a chunk by its id.

    Raises:
        InputError: the chunk is not in the index (any more), or the count is negative.
    """
    if count < 0:
        raise InputError(f"context is {count}; expected a number of chunks, 0 or more")
    chunk_id = hit if isinstance(hit, int | np.integer) else hit.chunk_id
    found = context_of(reader, chunk_id, count)
    if found is None:
        raise InputError(f"there is no chunk {chunk_id} in the index", hint="search again: it may have changed")
    return found


def has_chunk(reader: Reader, chunk_id: int) -> bool:
    """Whether there is a chunk of that id; any whole number may be asked for, NumPy's too."""
    return 0 < chunk_id <= MAX_CHUNK_ID and reader.has_chunk(int(chunk_id))


def joined_text(rows: Sequence[ChunkRow]) -> str:
    """The text of neighbouring chunks, what two of them share but once.

    Between chunks a document has white space alone; of that the line breaks are known.
    """
    text, end, line = "", rows[0].start, rows[0].line_start
    for row in rows:
        if row.start > end:
            text += "\n" * (row.line_start - line) or " "
        text += row.text[max(0, end - row.start) :]
        end, line = row.end, row.line_end
    return text
