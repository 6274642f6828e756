"""Exact search over float16 rows in a FAISS file.

The file is a plain FAISS index, ``IDMap(ScalarQuantizer(fp16, inner product))``, which any FAISS program can
open: a header, float16 codes as the database stores them (so nothing is lost), and the ids, ascending. FAISS
scans it (100,000 x 384 in about 4 ms on one idle core); the rows are also seen as a numpy array over the same
memory, mapped from the file where that works. IDMap2 is not needed: its table from id to position is a search
in ascending ids here.

A FAISS scan breaks ties in no promised order and its float32 sums differ from BLAS in the last bit, so it
only names the candidates: a few more than k, scored again by ``brute.refine``. Where the extra ones still tie
with the last place (many equal chunks), ``brute.nearest`` answers instead.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from searchkit.errors import IndexDamagedError, IndexStateError, InputError, ShapeError
from searchkit.index.brute import nearest, nothing_found, refine, rounding_margin, selected_positions
from searchkit.index.contract import Batch, IdFilter, Neighbours, check_batch, check_k, unit_queries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

# Measured at 100,000 x 384: reading 1 in 16 rows directly costs what a FAISS scan of all costs.
_DIRECT_SHARE = 16
_EXTRA_CANDIDATES = 32

# type, dimension, count, two unused, is_trained, metric; the same for the index inside; quantizer type, range
# rule and argument, dimension, bytes a code, length of a trained table; bytes of codes
_HEADER = struct.Struct("<4siq16x?i4siq16x?iiifQQQQ")
_LENGTH = struct.Struct("<Q")
_TRAINED, _INNER_PRODUCT, _FP16 = True, 0, 4


class ExactIndex:
    """Exact cosine search; the reference that the other kinds are compared with."""

    kind: ClassVar[str] = "exact"

    def __init__(self, faiss_index: Any) -> None:
        """Takes an open FAISS ``IDMap`` over a float16 ``ScalarQuantizer``; use `build` or `from_file`."""
        faiss = _faiss()

        self._id_map = faiss_index  # owns all the memory below
        self._scanner = faiss.downcast_index(faiss_index.index)
        self.dimension: int = self._scanner.d
        self.count: int = self._scanner.ntotal
        self._ids: Ids = faiss.vector_to_array(faiss_index.id_map)
        self._rows = _codes_as_rows(self._scanner)

    @classmethod
    def build(cls, batches: Iterable[Batch], dimension: int) -> ExactIndex:
        """See `searchkit.index.build`."""
        faiss = _faiss()

        if dimension < 1:
            raise ShapeError(f"dimension is {dimension}; expected at least 1")
        scanner = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        id_map = faiss.IndexIDMap(scanner)
        last = -1
        for ids, rows in batches:
            check_batch(ids, rows, dimension)
            if not len(ids):
                continue
            if ids[0] <= last:
                raise InputError(f"chunk id {int(ids[0])} came after {last}; expected ascending ids over all batches")
            last = int(ids[-1])
            id_map.add_with_ids(np.ascontiguousarray(rows, np.float32), ids)
        return cls(id_map)

    @classmethod
    def from_file(cls, path: Path, *, mmap: bool = True) -> ExactIndex:
        """See `searchkit.index.from_file`."""
        _check_layout(path)
        index = cls(_read(path, mmap=mmap))
        if bool((index._ids[1:] <= index._ids[:-1]).any()):
            raise _damaged(path, "ids out of order", "them ascending")
        return index

    @property
    def ids(self) -> Ids:
        """See `VectorIndex.ids`."""
        return self._ids

    def to_file(self, path: Path) -> None:
        """See `VectorIndex.to_file`."""
        faiss = _faiss()

        try:
            faiss.write_index(self._id_map, str(path))
        except RuntimeError as exc:
            raise IndexStateError(f"{path} could not be written: {_first_line(exc)}") from exc

    def search(
        self, queries: Rows, k: int, *, allowed: IdFilter | None = None, excluded: Ids | None = None
    ) -> Neighbours:
        """See `VectorIndex.search`."""
        check_k(k)
        unit = unit_queries(queries, self.dimension)
        positions = selected_positions(self._ids, allowed, excluded)
        count = self.count if positions is None else len(positions)
        if count * _DIRECT_SHARE <= self.count:
            return nearest(unit, self._ids, self._rows, k, positions)
        return self._scan(unit, k, positions, count)

    def _scan(self, unit: Rows, k: int, positions: NDArray[np.int64] | None, count: int) -> Neighbours:
        wanted = min(count, k + k // 8 + _EXTRA_CANDIDATES)
        margin = rounding_margin(self.dimension)
        with _threads_for(len(unit)):
            scores, candidates = self._scanner.search(unit, wanted, params=_parameters(positions, self.count))
        found = nothing_found(len(unit), k)
        for place, query in enumerate(unit):
            if wanted < count and scores[place, -1] >= scores[place, k - 1] - margin:
                part = nearest(query[np.newaxis], self._ids, self._rows, k, positions)
                found.scores[place], found.ids[place] = part.scores[0], part.ids[0]
            else:
                refine(found, place, query, self._ids, self._rows, candidates[place])
        return found


def _faiss() -> Any:
    """FAISS when it is first used: importing takes 0.15 s. Untyped: its stubs refuse what it accepts."""
    import faiss

    return faiss


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """FAISS gives each query to one thread, yet wakes and awaits them all: 3 to 20 ms where cores are busy.

    The number is OpenMP's for the calling thread alone, so searches in other threads keep theirs.
    """
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(max(1, min(before, queries)))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _parameters(positions: NDArray[np.int64] | None, count: int) -> Any:
    """What restricts a scan to the positions: one bit for each."""
    faiss = _faiss()

    if positions is None:
        return None
    selected = np.zeros(count, np.bool_)
    selected[positions] = True
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(selected, bitorder="little")))


def _codes_as_rows(scanner: Any) -> NDArray[np.float16]:
    faiss = _faiss()

    if not scanner.ntotal:
        return np.empty((0, scanner.d), np.float16)
    codes = faiss.rev_swig_ptr(scanner.codes.data(), scanner.codes.size())
    rows: NDArray[np.float16] = codes.view("<f2").reshape(scanner.ntotal, scanner.d)
    return rows


def _check_layout(path: Path) -> None:
    """Compares every size that the file declares with its length.

    FAISS believes the declared sizes: it would reserve memory for them, or map past the end of a torn file.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEADER.size)
            dimension, count = _declared(path, head)
            expected = _HEADER.size + count * 2 * dimension + _LENGTH.size + count * 8
            if size != expected:
                raise _damaged(path, f"{size} bytes", f"{expected} for {count} vectors")
            file.seek(_HEADER.size + count * 2 * dimension)
            (ids,) = _LENGTH.unpack(file.read(_LENGTH.size))
    except OSError as exc:
        raise _damaged(path, f"unreadable: {exc.strerror}", "an index file") from exc
    if ids != count:
        raise _damaged(path, f"{ids} ids", f"{count} as there are vectors")


def _declared(path: Path, head: bytes) -> tuple[int, int]:
    """The dimension and count of a header that agrees with itself."""
    if len(head) < _HEADER.size:
        raise _damaged(path, f"{len(head)} bytes", f"a header of {_HEADER.size}")
    found = _HEADER.unpack(head)
    dimension, count, range_rule, range_argument = found[1], found[2], found[11], found[12]
    outer = (b"IxMp", dimension, count, _TRAINED, _INNER_PRODUCT)
    inner = (b"IxSQ", dimension, count, _TRAINED, _INNER_PRODUCT)
    quantizer = (_FP16, range_rule, range_argument, dimension, 2 * dimension, 0, count * 2 * dimension)
    if dimension < 1 or count < 0 or found != outer + inner + quantizer:
        raise _damaged(path, "another kind of file", "an exact index of float16 rows")
    return dimension, count


def _read(path: Path, *, mmap: bool) -> Any:
    faiss = _faiss()
    try:
        if mmap:
            try:
                return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            except RuntimeError:  # no mapping on this platform or file system
                pass
        return faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as exc:
        raise _damaged(path, _first_line(exc), "a whole index") from exc


def _damaged(path: Path, found: str, expected: str) -> IndexDamagedError:
    return IndexDamagedError(
        f"{path} is not a usable index file: found {found}, expected {expected}",
        hint="it is derived and can be built again from the database",
    )


def _first_line(exc: BaseException) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
