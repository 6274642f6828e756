"""What a server goes on with after it has acknowledged: it loads a collection, and builds and loads its index.

Until the index is there, the server answers from another for the meantime, which finds fewer of the nearest: see
``interimIndex`` in its configuration. That an index is built does not say that it is searched yet, so both are asked:
the count of rows that have an index, and the parts of the collection that are loaded with theirs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.errors import RemoteError
from searchkit.scale.milvus.server import CHANGE_S, Collection
from searchkit.search.reports import Progress

if TYPE_CHECKING:
    from searchkit.scale.milvus.address import Address
    from searchkit.search.reports import ProgressSink

LOOK_AGAIN_S = 0.5
SMALL = 1024  # rows of a part, below which Milvus makes no index (minSegmentNumRowsToEnableIndex)


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far a server is with the index of a collection.

    Attributes:
        rows: in all; rows that were deleted are counted until the server has cleared them away.
        built: have an index.
        searched: are searched by it.
    """

    rows: int
    built: int
    searched: int

    @property
    def is_done(self) -> bool:
        return min(self.built, self.searched) >= self.rows


def await_loaded(collection: Collection) -> None:
    """Wait until it is in the memory of the server; one that was released, as milvus-lite does, is loaded.

    Raises:
        RemoteError: it is still on its way after two minutes.
    """
    end = time.monotonic() + CHANGE_S
    while (percent := collection.loaded_percent()) != 100:
        if percent is None:
            collection.load()
        if time.monotonic() > end:
            raise collection.not_loaded()
        time.sleep(LOOK_AGAIN_S)


def await_indexed(
    address: Address, kind: str, chunks: int, seconds: float, progress: ProgressSink | None = None
) -> IndexProgress:
    """Wait until a server searches every row of a collection by its index.

    Args:
        address, kind, chunks: of the collection; the exact kind has no index, and nothing is waited for.
        seconds: at most.
        progress: called with stage ``indexed`` while the index is built, ``loaded`` while it is loaded.

    Returns:
        How far it was in the end.

    Raises:
        RemoteError: the server does not answer, or could not build it. The contents are as complete as before.
    """
    tell = progress or (lambda _: None)
    end = time.monotonic() + seconds
    collection = Collection(address)
    try:
        while True:
            found = _progress_of(collection, kind, chunks)
            done, stage = (found.searched, "loaded") if found.built >= found.rows else (found.built, "indexed")
            tell(Progress(stage, done, found.rows))
            if found.is_done or time.monotonic() >= end:
                return found
            time.sleep(LOOK_AGAIN_S)
    except RemoteError as exc:
        hint = "every chunk is there; the same push waits again, or --wait-index 0 does not wait"
        raise RemoteError(exc.message, hint=hint) from exc
    finally:
        collection.close()


def _progress_of(collection: Collection, kind: str, chunks: int) -> IndexProgress:
    if kind == "exact":
        return IndexProgress(chunks, chunks, chunks)
    rows, built = collection.index_rows()
    searched = collection.searched_rows(least=SMALL)
    if searched is None:
        return IndexProgress(rows, built, built)
    rows = max(rows, chunks)  # what was just sealed is not always counted yet
    return IndexProgress(rows, built, rows if rows < SMALL else min(searched, rows))
