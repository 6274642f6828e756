"""One committed state of an index, ready to be searched: the FAISS file, the newer tail, and what was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder, trusted_generation
from searchkit.errors import IndexDamagedError
from searchkit.index import IdFilter, Neighbours, VectorIndex, build, from_file, merge

if TYPE_CHECKING:
    from searchkit.store import GenerationRow, StoreReader
    from searchkit.types import Ids, Rows


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a search looks at; replaced as a whole when the revision moves on."""

    revision: int
    record: GenerationRow | None
    main: VectorIndex
    tail: VectorIndex
    deleted: Ids

    @property
    def kind(self) -> str:
        """Of the FAISS file; ``none`` before the first."""
        return "none" if self.record is None else self.record.kind

    def nearest(self, queries: Rows, k: int, allowed: IdFilter | None) -> Neighbours:
        """The ``k`` chunks nearest to each query, among those allowed and not deleted."""
        k = min(k, max(1, self.main.count + self.tail.count))  # places are reserved for all k
        main = self.main.search(queries, k, allowed=allowed, excluded=self.deleted)
        if not self.tail.count:
            return main
        return merge(main, self.tail.search(queries, k, allowed=allowed), k=k)


def take_snapshot(folder: IndexFolder, reader: StoreReader, before: Snapshot | None, device: str) -> Snapshot:
    """The state that ``reader`` sees; an index file that is open already is kept. ``device`` as for the engine.

    A FAISS file that is missing, torn or altered is replaced by one made here from the stored vectors: the
    answers are the same, only slower to come.
    """
    record = reader.generation()
    if before is not None and before.record == record and before.main.dimension == reader.settings().dimension:
        main = before.main
    else:
        main = _open_main(folder, reader, record, device)
    covered = 0 if record is None else record.max_chunk_id
    tail = build(reader.iter_vectors(after=covered), main.dimension)
    return Snapshot(reader.revision(), record, main, tail, reader.deleted_ids())


def _open_main(folder: IndexFolder, reader: StoreReader, record: GenerationRow | None, device: str) -> VectorIndex:
    dimension = reader.settings().dimension
    if record is None:
        return build([], dimension)
    try:
        index = from_file(record.kind, trusted_generation(folder, record), device=device)
        if index.count == record.vector_count and index.dimension == dimension:
            return index
    except IndexDamagedError:
        pass  # derived data: the next writer puts a sound file in its place
    return build(reader.iter_vectors(up_to=record.max_chunk_id), dimension)
