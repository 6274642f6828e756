"""Compacting on demand: all that a run of small changes leaves behind, put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder
from searchkit.search.indexing.compaction import compact

if TYPE_CHECKING:
    from searchkit.store import StoreWriter


def tidy(folder: IndexFolder, store: StoreWriter) -> int:
    """Fold tail and deletions into the vectors file, merge the words, return unused pages. Bytes that became free."""
    before = _size(folder)
    with store.change():
        store.optimize_lexical()
    compact(folder, store)
    store.return_room()
    return max(0, before - _size(folder))


def _size(folder: IndexFolder) -> int:
    return sum(file.stat().st_size for file in folder.path.iterdir() if file.is_file())
