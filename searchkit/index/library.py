"""FAISS, when it is needed: importing it takes 0.15 s."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def load_faiss() -> Any:
    """FAISS, untyped: its stubs refuse what it accepts."""
    import faiss

    return faiss


def read_faiss(data: NDArray[np.uint8]) -> Any:
    """The FAISS index in these bytes, which have to outlive it: what can be is seen in place, not copied."""
    faiss = load_faiss()
    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(data), data.size)
    return faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)


@contextmanager
def threads_for(queries: int) -> Iterator[None]:
    """FAISS gives each query to one thread, yet wakes and awaits them all: 3 to 20 ms where cores are busy.

    The number is OpenMP's for the calling thread alone, so searches in other threads keep theirs.
    """
    faiss = load_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(max(1, min(before, queries)))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
