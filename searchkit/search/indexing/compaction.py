"""Folding the tail and the deletions into a new FAISS file.

A crash at any step leaves the old file or the new one in use, never neither: the new one is written beside, synced
and renamed before the database points at it, and the old one is removed after.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder, remove_stale, trusted_generation, write_generation
from searchkit.errors import IndexDamagedError
from searchkit.index import AUTO, TARGET_RECALL, IndexFacts, check_choice, write

if TYPE_CHECKING:
    from searchkit.store import StoreReader, StoreWriter

SHARE = 0.1  # of the index that may be tail or deleted before a search would feel it
SMALL = 256  # so few cost nothing to search


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """How FAISS files of an index are made; each is tuned to the target anew, as the index grows.

    Attributes:
        kind: of ``searchkit.index.KINDS``, or ``auto``.
        target_recall: the share of the true 10 nearest that an approximate kind has to find.
    """

    kind: str = AUTO
    target_recall: float = TARGET_RECALL

    @classmethod
    def of(cls, reader: StoreReader) -> IndexPlan:
        """The plan that the index keeps."""
        return cls(**(reader.index_plan() or {}))

    def with_changes(self, kind: str | None, target_recall: float | None) -> IndexPlan:
        """The plan with what is given in place of its own.

        Raises:
            InputError: an unknown kind, or a target that is no share.
        """
        changed = replace(
            self,
            kind=self.kind if kind is None else kind,
            target_recall=self.target_recall if target_recall is None else float(target_recall),
        )
        check_choice(changed.kind, changed.target_recall)
        return changed


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


def compact(folder: IndexFolder, store: StoreWriter, plan: IndexPlan | None = None) -> None:
    """Make a new FAISS file of all vectors and use it from now on; by the plan, which is kept, or the one kept before.

    Memory holds a batch of rows, 8 bytes a chunk, and what tuning needs (see `searchkit.index.write`).
    """
    plan = plan or IndexPlan.of(store.read)
    generation, vectors, dimension = store.next_generation(), store.read.iter_vectors(), store.read.settings().dimension
    made: list[IndexFacts] = []
    file = write_generation(
        folder,
        generation,
        lambda path: made.append(write(plan.kind, path, vectors, dimension, target_recall=plan.target_recall)),
    )
    (facts,) = made
    with store.change():
        store.forget_unused_fields()
        store.save_index_plan(asdict(plan))
        store.set_generation(
            generation,
            file=file.name,
            kind=facts.kind,
            sha256=file.sha256,
            size=file.size,
            vector_count=facts.count,
        )
    remove_stale(folder, keep={file.name})
