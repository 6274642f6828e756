"""Embedding -> nearest chunk ids.

Every kind of index answers the same contract (``VectorIndex``) and passes one contract suite that compares
values with exact search. A new kind is a module of this folder, a line in ``_KINDS`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from searchkit.errors import InputError
from searchkit.index.brute import exact_scores, merge, rescore
from searchkit.index.contract import Batch, IdFilter, Neighbours, VectorIndex
from searchkit.index.exact import ExactIndex

__all__ = [
    "KINDS",
    "Batch",
    "ExactIndex",
    "IdFilter",
    "Neighbours",
    "VectorIndex",
    "build",
    "exact_scores",
    "from_file",
    "merge",
    "rescore",
]

_KINDS = {ExactIndex.kind: ExactIndex}
KINDS = tuple(_KINDS)


def build(kind: str, batches: Iterable[Batch], dimension: int) -> VectorIndex:
    """Gives a new index of the kind over all batches.

    Args:
        kind: one of ``KINDS``.
        batches: pairs of (N,) int64 ids and (N, D) float rows of unit length, ids ascending over all batches
            (as ``ORDER BY chunk_id`` gives them). Taken one at a time: memory holds the index and one batch.
        dimension: D; needed because there may be no batch at all.

    Raises:
        InputError: an unknown kind, ids out of order, or rows that are not finite unit vectors.
        ShapeError: a batch whose shape is not (N,) and (N, dimension).
    """
    return _class_of(kind).build(batches, dimension)


def from_file(kind: str, path: Path, *, mmap: bool = True) -> VectorIndex:
    """Gives the index that ``to_file`` wrote.

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
