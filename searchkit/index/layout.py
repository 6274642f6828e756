"""The file of an index, and what is checked before anything believes it.

    rows     a plain FAISS index, ``IDMap(ScalarQuantizer(fp16, inner product))``: a header, float16 rows as the
             database stores them (so nothing is lost), and the ids, ascending. Any FAISS program opens it.
    codes    only where the kind is not exact: a second FAISS index, which names candidates among the rows
    facts    likewise: JSON, what the codes were tuned to
    footer   likewise: the XXH3-64 of the codes, the lengths of codes and facts, and a mark

So each kind's file begins as the file of the exact kind, and is searched exactly where that is cheaper. Rows go to
the file batch by batch: memory holds one batch and 8 bytes a chunk. A file that was cut off anywhere, or that
declares other sizes than it has, is refused at the door, and so are altered codes, with which FAISS could read where
it should not; altered rows are not noticed here (see ``directory``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexDamagedError, InputError, ShapeError
from searchkit.index.contract import Batch, check_batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import HalfRows, Ids

# type, dimension, count, two unused, is_trained, metric; the same for the index inside; quantizer type, range
# rule and argument, dimension, bytes a code, length of a trained table; bytes of codes
_HEADER = struct.Struct("<4siqqq?i4siqqq?iiifQQQQ")
_SCANNER_AT = 37  # where the index inside begins
_LENGTH = struct.Struct("<Q")
_UNUSED, _TRAINED, _INNER_PRODUCT, _FP16 = 1 << 20, True, 0, 4
_FOOTER = struct.Struct("<QQQ8s")
_MARK = b"srchvec1"
_LARGEST_FACTS = 1 << 16


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a file that agrees with itself, as views of its bytes."""

    dimension: int
    rows: HalfRows  # (N, D)
    ids: Ids  # (N,), ascending; a copy, since those in the file do not lie on an 8-byte boundary
    scanner: NDArray[np.uint8]  # the FAISS ScalarQuantizer, without the ids around it
    codes: NDArray[np.uint8]  # empty for an exact index
    facts: bytes


def write_rows(file: IO[bytes], batches: Iterable[Batch], dimension: int) -> int:
    """Writes the first part of a file; gives the count.

    Raises:
        InputError, ShapeError: see `searchkit.index.write`.
    """
    if dimension < 1:
        raise ShapeError(f"dimension is {dimension}; expected at least 1")
    file.write(_header(dimension, 0))
    written: list[Ids] = []
    last = -1
    for ids, rows in batches:
        check_batch(ids, rows, dimension)
        if not len(ids):
            continue
        if ids[0] <= last:
            raise InputError(f"chunk id {int(ids[0])} came after {last}; expected ascending ids over all batches")
        last = int(ids[-1])
        written.append(ids)
        file.write(np.ascontiguousarray(rows, "<f2").tobytes())
    every = np.concatenate(written) if written else np.empty(0, np.int64)
    file.write(_LENGTH.pack(len(every)) + every.astype("<i8").tobytes())
    file.seek(0)
    file.write(_header(dimension, len(every)))
    file.seek(0, 2)
    return len(every)


def write_end(file: IO[bytes], codes: NDArray[np.uint8], facts: bytes) -> None:
    """Writes what follows the codes, which are in the file already."""
    file.write(facts + _FOOTER.pack(_digest(codes), len(codes), len(facts), _MARK))


def mapped(path: Path, *, mmap: bool = True) -> NDArray[np.uint8]:
    """Gives the bytes of a file, mapped where the platform can: then only what is used is read."""
    try:
        if mmap and path.stat().st_size:
            try:
                return np.asarray(np.memmap(path, np.uint8, mode="r"))  # a memmap itself is slow to index
            except (OSError, ValueError):  # no mapping on this platform or file system
                pass
        return np.fromfile(path, np.uint8)
    except OSError as exc:
        raise damaged(path, f"unreadable: {exc.strerror}", "an index file") from exc


def parts_of(data: NDArray[np.uint8], path: Path | None = None) -> Parts:
    """Gives the parts of a file after comparing every size that it declares with its length.

    FAISS believes the declared sizes: it would reserve memory for them, or map past the end of a torn file.

    Raises:
        IndexDamagedError: it is torn, or something else.
    """
    name = path or Path("the index in memory")
    dimension, count = _declared(name, data[: _HEADER.size].tobytes())
    ids_at, end = _HEADER.size + count * 2 * dimension, _size(dimension, count)
    if len(data) < end:
        raise damaged(name, f"{len(data)} bytes", f"{end} for {count} vectors")
    (declared,) = _LENGTH.unpack(data[ids_at : ids_at + _LENGTH.size].tobytes())
    if declared != count:
        raise damaged(name, f"{declared} ids", f"{count} as there are vectors")
    ids = data[ids_at + _LENGTH.size : end].copy().view("<i8").astype(np.int64, copy=False)
    if bool((ids[1:] <= ids[:-1]).any()):
        raise damaged(name, "ids out of order", "them ascending")
    facts, digest = _facts(name, data[max(end, len(data) - _LARGEST_FACTS - _FOOTER.size) :].tobytes(), len(data) - end)
    rows = data[_HEADER.size : ids_at].view("<f2").reshape(count, dimension)
    codes = data[end : len(data) - (len(facts) + _FOOTER.size if facts else 0)]
    if facts and _digest(codes) != digest:
        raise damaged(name, "altered codes", "those that were written")
    return Parts(dimension, rows, ids, data[_SCANNER_AT:ids_at], codes, facts)


def facts_at(path: Path) -> tuple[int, bytes]:
    """Gives the count and the facts of a file, of which nothing else is read."""
    try:
        with path.open("rb") as file:
            dimension, count = _declared(path, file.read(_HEADER.size))
            rest = file.seek(0, 2) - _size(dimension, count)
            file.seek(-min(max(rest, 0), _LARGEST_FACTS + _FOOTER.size), 2)
            return count, _facts(path, file.read(), rest)[0]
    except OSError as exc:
        raise damaged(path, f"unreadable: {exc.strerror}", "an index file") from exc


def damaged(path: Path, found: str, expected: str) -> IndexDamagedError:
    """The error of a file that cannot be used."""
    return IndexDamagedError(
        f"{path} is not a usable index file: found {found}, expected {expected}",
        hint="it is derived and can be built again from the database",
    )


def _size(dimension: int, count: int) -> int:
    """The bytes of an exact index."""
    return _HEADER.size + count * 2 * dimension + _LENGTH.size + count * 8


def _facts(path: Path, end: bytes, rest: int) -> tuple[bytes, int]:
    """The facts, and the digest of the codes, in the last bytes of a file that has so many after its rows."""
    if not rest:
        return b"", 0
    if rest < _FOOTER.size:
        raise damaged(path, f"{rest} bytes after its rows", "none, or codes, facts and their footer")
    digest, codes, facts, mark = _FOOTER.unpack(end[-_FOOTER.size :])
    if mark != _MARK or not 0 < facts <= _LARGEST_FACTS or codes + facts + _FOOTER.size != rest:
        raise damaged(path, f"{rest} bytes after its rows", "codes, facts and their footer")
    return end[-_FOOTER.size - facts : -_FOOTER.size], digest


def _digest(codes: NDArray[np.uint8]) -> int:
    import xxhash

    return xxhash.xxh3_64_intdigest(codes.data)


def _header(dimension: int, count: int) -> bytes:
    return _HEADER.pack(*_fields(dimension, count))


def _fields(dimension: int, count: int) -> tuple[object, ...]:
    common = (dimension, count, _UNUSED, _UNUSED, _TRAINED, _INNER_PRODUCT)
    return (b"IxMp", *common, b"IxSQ", *common, _FP16, 0, 0.0, dimension, 2 * dimension, 0, count * 2 * dimension)


def _declared(path: Path, head: bytes) -> tuple[int, int]:
    """The dimension and count of a header that agrees with itself."""
    if len(head) < _HEADER.size:
        raise damaged(path, f"{len(head)} bytes", f"a header of {_HEADER.size}")
    found = _HEADER.unpack(head)
    dimension, count = found[1], found[2]
    if dimension < 1 or count < 0 or found != _fields(dimension, count):
        raise damaged(path, "another kind of file", "float16 rows in a FAISS index")
    return dimension, count
