"""Whether stored vectors are unit vectors, and whether the vectors file holds the chunks that it ought to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import IdFilter, VectorIndex
from searchkit.index.contract import UNIT_TOLERANCE
from searchkit.search.upkeep.health import Problem
from searchkit.store import VECTOR_DTYPE

if TYPE_CHECKING:
    from searchkit.store import GenerationRow
    from searchkit.store.audit import StoreAudit
    from searchkit.types import Ids

NAMES_TOLD = 1000
TOLERANCE = 0.02  # of a cosine that ought to be 1


def stored_vectors_of(audit: StoreAudit) -> tuple[str, list[Problem]]:
    """How many vectors there are, in words, and what is wrong with them."""
    dimension = audit.read.settings().dimension
    bad: dict[int, str] = {}
    count = 0
    for rows in audit.vector_blobs():
        count += len(rows)
        bad.update(bad_vectors(rows, dimension))
    problems = problem_of(audit, list(bad), next(iter(bad.values()), ""))
    without = audit.chunks_without_vector()
    if len(without):
        problems += problem_of(audit, without.tolist(), "they have no vector")
    return f"{count:,} of {dimension} numbers", problems


def bad_vectors(rows: Sequence[tuple[int, object]], dimension: int) -> dict[int, str]:
    """Chunks whose stored vector has another length, holds what is no number, or is no unit vector; and which."""
    sizes = {chunk_id: len(blob) if isinstance(blob, bytes) else -1 for chunk_id, blob in rows}
    bad = {
        i: f"a vector of {size} bytes; expected {2 * dimension}" for i, size in sizes.items() if size != 2 * dimension
    }
    whole = [(chunk_id, blob) for chunk_id, blob in rows if chunk_id not in bad and isinstance(blob, bytes)]
    values = np.frombuffer(b"".join(blob for _, blob in whole), VECTOR_DTYPE).reshape(len(whole), dimension)
    lengths = np.sqrt(np.square(values.astype(np.float64)).sum(axis=1))
    for place in np.flatnonzero(~(np.abs(lengths - 1) <= UNIT_TOLERANCE)):  # NaN is not at most anything
        bad[whole[place][0]] = f"a vector of length {lengths[place]:.4g}; expected 1"
    return bad


def id_problems(audit: StoreAudit, record: GenerationRow, index: VectorIndex) -> list[Problem]:
    """The file holds the chunks up to the recorded one, those deleted since included, and no others."""
    problems = []
    if index.count != record.vector_count:
        problems.append(Problem(f"the file holds {index.count:,} vectors; the database says {record.vector_count:,}"))
    if index.dimension != audit.read.settings().dimension:
        problems.append(Problem(f"vectors of {index.dimension} numbers in the file"))
    stored = audit.chunk_ids(up_to=record.max_chunk_id)
    absent = np.setdiff1d(stored, index.ids, assume_unique=True)
    if len(absent):
        problems += problem_of(audit, absent.tolist(), "not in the vectors file")
    unknown = np.setdiff1d(index.ids, np.union1d(stored, audit.read.deleted_ids()), assume_unique=True)
    if len(unknown):
        problems.append(Problem(f"{len(unknown):,} vectors of chunks that do not exist, such as {unknown[0]}"))
    return problems


def is_found(index: VectorIndex, chunk_id: int, row: object) -> bool:
    """Whether a chunk is as near to its own vector (D,) as can be."""
    wanted = IdFilter(np.array([chunk_id], dtype=np.int64))
    scores, ids = index.search(np.asarray(row, dtype=np.float32)[np.newaxis], 1, allowed=wanted)
    return bool(ids[0, 0] == chunk_id and scores[0, 0] >= 1 - TOLERANCE)


def problem_of(audit: StoreAudit, ids: Sequence[int], what: str) -> list[Problem]:
    """One problem that names the documents of all these chunks; none for no chunks."""
    if not ids:
        return []
    chunks = f"chunk {ids[0]}" if len(ids) == 1 else f"{len(ids):,} chunks, such as {ids[0]}"
    return [Problem(f"{chunks}: {what}", names_of(audit, np.array(ids, dtype=np.int64)))]


def names_of(audit: StoreAudit, ids: Ids) -> tuple[str, ...]:
    """The documents of chunks, so many as are worth telling."""
    return tuple(audit.documents_of(ids)[:NAMES_TOLD])
