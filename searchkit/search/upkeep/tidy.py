"""Compacting on demand: all that a run of small changes leaves behind, put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder
from searchkit.search.indexing.compaction import compact
from searchkit.search.inspect import size_of

if TYPE_CHECKING:
    from searchkit.store import StoreWriter


def tidy(folder: IndexFolder, store: StoreWriter) -> int:
    """Fold tail and deletions into the vectors file, merge the words, return unused pages. Bytes that became free."""
    before = size_of(folder)
    with store.change():
        store.optimize_lexical()
    compact(folder, store)
    store.return_room()
    return max(0, before - size_of(folder))
