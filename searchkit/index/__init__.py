"""Embedding -> nearest chunk ids.

Every kind of index answers the same contract (``VectorIndex``) and passes one contract suite that compares
values with exact search. A new kind is a module of this folder, a line in ``_KINDS`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from searchkit.errors import IndexStateError, InputError
from searchkit.index.brute import exact_scores, merge, rescore
from searchkit.index.contract import Batch, IdFilter, IndexFacts, Neighbours, VectorIndex
from searchkit.index.exact import ExactIndex
from searchkit.index.layout import write_rows

__all__ = [
    "KINDS",
    "Batch",
    "ExactIndex",
    "IdFilter",
    "IndexFacts",
    "Neighbours",
    "VectorIndex",
    "build",
    "exact_scores",
    "from_file",
    "merge",
    "rescore",
    "write",
]

_KINDS = {ExactIndex.kind: ExactIndex}
KINDS = tuple(_KINDS)


def build(batches: Iterable[Batch], dimension: int) -> ExactIndex:
    """Gives an exact index in memory over all batches.

    Args:
        batches: pairs of (N,) int64 ids and (N, D) float rows of unit length, ids ascending over all batches
            (as ``ORDER BY chunk_id`` gives them). Taken one at a time.
        dimension: D; needed because there may be no batch at all.

    Raises:
        InputError: ids out of order, or rows that are not finite unit vectors.
        ShapeError: a batch whose shape is not (N,) and (N, dimension).
    """
    return ExactIndex.build(batches, dimension)


def write(kind: str, path: Path, batches: Iterable[Batch], dimension: int) -> IndexFacts:
    """Writes the file of an index of the kind over all batches.

    Neither synced nor atomic, which is the caller's part (see ``directory``). Rows go to the file batch by batch.

    Args:
        kind: one of ``KINDS``.
        path: the file; replaced if it exists.
        batches, dimension: as for `build`.

    Raises:
        IndexStateError: the file cannot be written.
        InputError, ShapeError: an unknown kind, and as for `build`.
    """
    _class_of(kind)
    try:
        with path.open("wb") as file:
            return IndexFacts(write_rows(file, batches, dimension))
    except OSError as exc:
        raise IndexStateError(f"{path} could not be written: {exc.strerror}") from exc


def from_file(kind: str, path: Path, *, mmap: bool = True) -> VectorIndex:
    """Gives the index that `write` wrote.

    Args:
        kind: one of ``KINDS``, as recorded beside the file.
        mmap: map the vectors instead of reading them, where the platform can: opening is then instant.

    Raises:
        InputError: an unknown kind.
        IndexDamagedError: the file is missing, torn, or holds something else.
    """
    return _class_of(kind).from_file(path, mmap=mmap)


def _class_of(kind: str) -> type[ExactIndex]:
    if kind not in _KINDS:
        raise InputError(f"index kind {kind!r} is not known; expected one of {', '.join(KINDS)}")
    return _KINDS[kind]
