"""Folding the tail and the deletions into a new FAISS file.

A crash at any step leaves the old file or the new one in use, never neither: the new one is written beside, synced
and renamed before the database points at it, and the old one is removed after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder, remove_stale, trusted_generation, write_generation
from searchkit.errors import IndexDamagedError
from searchkit.index import IndexFacts, write

if TYPE_CHECKING:
    from searchkit.store import StoreWriter

SHARE = 0.1  # of the index that may be tail or deleted before a search would feel it
SMALL = 256  # so few cost nothing to search


def compact_if_due(folder: IndexFolder, store: StoreWriter) -> bool:
    """Make a new FAISS file if there is none, it is unsound, or too much has changed since. Whether it was made."""
    record = store.read.generation()
    counts = store.read.counts()
    changes = counts.tail + counts.deleted
    if record is not None and changes <= max(SMALL, SHARE * record.vector_count):
        try:
            trusted_generation(folder, record)
            return False
        except IndexDamagedError:
            pass
    if record is None and not counts.chunks:
        return False
    compact(folder, store)
    return True


def compact(folder: IndexFolder, store: StoreWriter) -> None:
    """Make a new FAISS file of all vectors and use it from now on."""
    generation, vectors, dimension = store.next_generation(), store.read.iter_vectors(), store.read.settings().dimension
    made: list[IndexFacts] = []
    file = write_generation(folder, generation, lambda path: made.append(write("exact", path, vectors, dimension)))
    (facts,) = made
    with store.change():
        store.forget_unused_fields()
        store.set_generation(
            generation,
            file=file.name,
            kind=facts.kind,
            sha256=file.sha256,
            size=file.size,
            vector_count=facts.count,
        )
    remove_stale(folder, keep={file.name})
