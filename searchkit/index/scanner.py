"""The codes of an index, as FAISS scans them.

The FAISS index is ``PreTransform(RemapDimensions, IVFPQFastScan)``: 4-bit codes in one list (`pq`) or in many (`ivf`).
Its flat fast scan takes no selector, the one in lists does. Ids within are positions of rows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from searchkit.index.codebook import Codebook
from searchkit.index.halves import widened
from searchkit.index.library import load_faiss, read_faiss, threads_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.index.contract import StoredRows
    from searchkit.index.selection import Selection
    from searchkit.types import Rows

_BLOCK_ROWS = 1024
_SAMPLE = 8192  # rows that the codebook is made of
_ROWS_A_LIST = 40  # that the centroids are made of
_KMEANS_ROUNDS = 8
_FASTSCAN_BLOCK = 32


class Scanner:
    """Finds the rows whose codes are nearest to a query."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        """Takes the bytes that `write_codes` wrote; raises RuntimeError when FAISS cannot read them."""
        self._data = data  # what FAISS did not copy
        self._index = read_faiss(data)
        inner = load_faiss().downcast_index(self._index.index)
        self.count: int = inner.ntotal
        self.dimension: int = self._index.d
        self.lists: int = inner.nlist
        self._last: tuple[int, Any] = 0, None

    def scan(
        self, queries: Rows, wanted: int, probes: int, selection: Selection | None = None
    ) -> tuple[Rows, NDArray[np.int64]]:
        """Approximate scores and positions, (Q, wanted) each, best first; position -1 where there are no more."""
        with threads_for(len(queries)):
            scores, positions = self._index.search(queries, wanted, params=self._parameters(probes, selection))
        return scores, positions

    def _parameters(self, probes: int, selection: Selection | None) -> Any:
        """What FAISS is told. Making it costs a tenth of a small scan, so that of the last plain one is kept."""
        known, made = self._last
        if selection is not None or known != probes:
            faiss = load_faiss()
            inside = {} if selection is None else {"sel": selection.selector}
            made = faiss.SearchParametersPreTransform(index_params=faiss.SearchParametersIVF(nprobe=probes, **inside))
            if selection is None:
                self._last = probes, made
        return made

    def nearest_lists(self, queries: Rows) -> NDArray[np.int64]:
        """(Q, L): all lists for each query, the nearest first."""
        faiss = load_faiss()
        inner = faiss.downcast_index(self._index.index)
        order: NDArray[np.int64] = inner.quantizer.search(self._index.chain.at(0).apply(queries), self.lists)[1]
        return order

    def list_of_rows(self) -> NDArray[np.int64]:
        """(N,): the list that each row is in."""
        faiss = load_faiss()
        lists = faiss.downcast_index(self._index.index).invlists
        found = np.empty(self.count, np.int64)
        for number in range(self.lists):
            members = (
                faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)) if lists.list_size(number) else []
            )
            found[members] = number
        return found


def write_codes(file: IO[bytes], rows: StoredRows, lists: int) -> None:
    """Writes the codes of (N, D) rows in so many lists.

    Memory holds the codes three times, which is 200 bytes a row at 384 dimensions, and samples. The same rows give
    the same bytes: samples are drawn with a fixed seed, and centroids are found by one thread.
    """
    random = np.random.default_rng(0)
    book = Codebook.trained(_drawn(rows, _SAMPLE, random))
    centroids = _centroids(_drawn(rows, _ROWS_A_LIST * lists, random), lists)
    codes = np.empty((len(rows), -(-book.codes // 2)), np.uint8)
    list_of = np.zeros(len(rows), np.int64)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        wide = widened(rows[block])
        codes[block] = book.encoded(wide)
        if lists > 1:
            list_of[block] = np.argmax(wide @ centroids.T, axis=1)
    _write(file, book, centroids, codes, list_of)


def _drawn(rows: StoredRows, count: int, random: np.random.Generator) -> Rows:
    return widened(rows[np.sort(random.choice(len(rows), min(len(rows), count), replace=False))])


def _centroids(sample: Rows, lists: int) -> Rows:
    """(lists, D) of unit length; zero if there is one list."""
    if lists == 1:
        return np.zeros((1, sample.shape[1]), np.float32)
    kmeans = load_faiss().Kmeans(
        sample.shape[1],
        lists,
        niter=_KMEANS_ROUNDS,
        seed=0,
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=_ROWS_A_LIST,
    )
    with threads_for(1):
        kmeans.train(sample)
    found: Rows = kmeans.centroids
    return found


def _write(
    file: IO[bytes],
    book: Codebook,
    centroids: Rows,
    codes: NDArray[np.uint8],
    list_of: NDArray[np.int64],
) -> None:
    faiss = load_faiss()
    dimension, width = centroids.shape[1], len(book.order)
    quantizer = faiss.IndexFlatIP(width)
    quantizer.add(book.arranged(centroids))
    plain = faiss.IndexIVFPQ(quantizer, width, len(centroids), book.codes, 4, faiss.METRIC_INNER_PRODUCT)
    plain.by_residual = False
    faiss.copy_array_to_vector(book.centroids().ravel(), plain.pq.centroids)
    plain.is_trained = True
    positions = np.argsort(list_of, kind="stable")
    bounds = np.searchsorted(list_of[positions], np.arange(len(centroids) + 1))
    for number, (start, end) in enumerate(pairwise(bounds)):
        members = positions[start:end]
        own = np.ascontiguousarray(codes[members])
        plain.invlists.add_entries(number, len(members), faiss.swig_ptr(members), faiss.swig_ptr(own))
    plain.ntotal = len(codes)
    remap = faiss.RemapDimensionsTransform(dimension, width, False)
    sources = np.where(book.order < dimension, book.order, -1).astype(np.int32)  # -1 is a zero
    faiss.copy_array_to_vector(sources, remap.map)
    whole = faiss.IndexPreTransform(remap, faiss.IndexIVFPQFastScan(plain, _FASTSCAN_BLOCK))
    faiss.write_index(whole, faiss.PyCallbackIOWriter(file.write))
