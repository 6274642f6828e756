"""Embedding -> nearest chunk ids.

Every kind of index answers the same contract (``VectorIndex``) and passes one contract suite that compares
values with exact search:

    exact   all rows are compared with the query
    pq      small codes of all rows are scanned for candidates, which are compared exactly
    ivf     likewise with the codes in the lists nearest to the query
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from searchkit.errors import InputError
from searchkit.index.brute import exact_scores, merge, rescore
from searchkit.index.compressed import CompressedIndex
from searchkit.index.contract import Batch, IdFilter, IndexFacts, Neighbours, VectorIndex
from searchkit.index.exact import ExactIndex
from searchkit.index.facts import from_json
from searchkit.index.layout import damaged, facts_at, mapped, parts_of
from searchkit.index.making import AUTO, KINDS, TARGET_RECALL, check_choice, kind_for, write
from searchkit.index.scanner import Scanner

__all__ = [
    "AUTO",
    "KINDS",
    "TARGET_RECALL",
    "Batch",
    "ExactIndex",
    "IdFilter",
    "IndexFacts",
    "Neighbours",
    "VectorIndex",
    "build",
    "check_choice",
    "exact_scores",
    "from_file",
    "kind_for",
    "merge",
    "read_facts",
    "rescore",
    "write",
]


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


def from_file(kind: str, path: Path, *, mmap: bool = True, device: str = "cpu") -> VectorIndex:
    """Gives the index that `write` wrote.

    Args:
        kind: one of ``KINDS``, as recorded beside the file.
        mmap: map the rows instead of reading them, where the platform can: opening reads the ids and the codes, 80
            bytes a chunk of 384 dimensions, or for an exact index the ids alone.
        device: where many queries at once are searched: ``cpu``, ``cuda``, or ``auto`` (see `gpu.why_not`).

    Raises:
        InputError: an unknown kind.
        IndexDamagedError: the file is missing, torn, or holds something else.
    """
    if kind not in KINDS:
        raise InputError(f"index kind {kind!r} is not known; expected one of {', '.join(KINDS)}")
    parts = parts_of(mapped(path, mmap=mmap), path)
    facts, exact = from_json(parts.facts, len(parts.ids), path), ExactIndex(parts, device)
    if facts.kind != kind:
        raise damaged(path, f"an index of kind {facts.kind!r}", repr(kind))
    if kind == ExactIndex.kind:
        return exact
    try:
        scanner = Scanner(parts.codes)
        index = CompressedIndex(exact, scanner, facts)
    except (RuntimeError, MemoryError, KeyError, AttributeError) as exc:  # the last of another FAISS index
        raise damaged(path, str(exc).partition("\n")[0] or type(exc).__name__, "codes and how to scan them") from exc
    if (scanner.count, scanner.dimension) != (index.count, index.dimension):
        raise damaged(path, f"codes of {scanner.count} rows", f"{index.count}")
    return index


def read_facts(path: Path) -> IndexFacts:
    """Gives what the file says of itself, without opening the index.

    Raises:
        IndexDamagedError: the file is missing, torn, or holds something else.
    """
    count, facts = facts_at(path)
    return from_json(facts, count, path)
