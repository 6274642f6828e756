"""Other indexes of vectors, as their own documentation builds them, behind one shape for `index_kinds.py`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from searchkit.index.halves import widened

LARGEST_GRAPH = 100_000  # rows: a graph of a million would take half an hour of a core
_TRAINED_ON = 16_384
_AT_ONCE = 65_536
_PROBES = 100  # lists that lancedb looks into


class Peer(Protocol):
    """An index over the inner product of unit rows.

    Attributes:
        knob: what is raised until the recall is met.
        values: of it, ascending.
        bytes: what it holds, in all.
    """

    knob: str
    values: tuple[int, ...]
    bytes: float

    def build(self, vectors: np.ndarray) -> None:
        """Take in (N, D) float16 rows, numbered from 0."""

    def turn(self, value: int) -> None:
        """Set the knob."""

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """The (Q, k) numbers of the nearest rows to (Q, D) float32 ones."""


class Faiss:
    """An index by its factory string."""

    def __init__(self, factory: str, knob: str, values: tuple[int, ...]) -> None:
        self._factory, self.knob, self.values = factory, knob, values
        self._index: Any = None
        self.bytes = 0.0

    def build(self, vectors: np.ndarray) -> None:
        import faiss

        index = faiss.index_factory(vectors.shape[1], self._factory, faiss.METRIC_INNER_PRODUCT)
        if "HNSW" in self._factory:
            index.hnsw.efConstruction = 128
        chosen = np.random.default_rng(0).choice(len(vectors), min(len(vectors), _TRAINED_ON), replace=False)
        index.train(widened(vectors[np.sort(chosen)]))
        for start in range(0, len(vectors), _AT_ONCE):
            index.add(widened(np.asarray(vectors[start : start + _AT_ONCE])))
        self._index, self.bytes = index, faiss.serialize_index(index).nbytes

    def turn(self, value: int) -> None:
        setattr(self._index.hnsw if self.knob == "efSearch" else self._index, self.knob, value)

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        found: np.ndarray = self._index.search(queries, k)[1]
        return found


class Hnswlib:
    """https://github.com/nmslib/hnswlib: float32, M 16 and ef_construction 200, as in its README."""

    knob, values = "ef", (16, 32, 64, 96, 128, 192, 256, 384, 512, 768)
    bytes = 0.0
    _index: Any = None

    def build(self, vectors: np.ndarray) -> None:
        import hnswlib

        index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        index.init_index(max_elements=len(vectors), ef_construction=200, M=16)
        index.add_items(widened(np.asarray(vectors)), np.arange(len(vectors)), num_threads=1)
        self._index, self.bytes = index, index.index_file_size()

    def turn(self, value: int) -> None:
        self._index.set_ef(value)

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        found: np.ndarray = self._index.knn_query(queries, k, num_threads=1)[0]
        return found.astype(np.int64)


class Usearch:
    """https://github.com/unum-cloud/usearch: float16, connectivity 16, expansion_add 128, as in its README."""

    knob, values = "expansion_search", (16, 32, 64, 96, 128, 192, 256, 384, 512, 768)
    bytes = 0.0
    _index: Any = None

    def build(self, vectors: np.ndarray) -> None:
        from usearch.index import Index

        index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16", connectivity=16, expansion_add=128)
        index.add(np.arange(len(vectors)), np.asarray(vectors), threads=1)
        self._index, self.bytes = index, index.serialized_length

    def turn(self, value: int) -> None:
        self._index.expansion_search = value

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        found: np.ndarray = self._index.search(queries, k, threads=1).keys
        return found.reshape(len(queries), k).astype(np.int64)


class Lancedb:
    """https://lancedb.github.io/lancedb: a table on disk with IVF_PQ, its default; so many rows re-scored for a hit."""

    knob, values = "refine_factor", (2, 5, 10, 20, 50, 100)

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._table: Any = None
        self._refined = self.values[0]
        self.bytes = 0.0

    def build(self, vectors: np.ndarray) -> None:
        import lancedb
        import pyarrow as pa

        wide = widened(np.asarray(vectors))
        rows = pa.FixedSizeListArray.from_arrays(pa.array(wide.reshape(-1)), wide.shape[1])
        data = pa.table({"number": pa.array(np.arange(len(wide))), "vector": rows})
        table = lancedb.connect(self._folder.name).create_table("rows", data)
        table.create_index(metric="dot", vector_column_name="vector", index_type="IVF_PQ")
        self._table = table
        self.bytes = sum(file.stat().st_size for file in Path(self._folder.name).rglob("*") if file.is_file())

    def turn(self, value: int) -> None:
        self._refined = value

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        return np.array([self._one(query, k) for query in queries])

    def _one(self, query: np.ndarray, k: int) -> list[int]:
        asked = self._table.search(query, query_type="vector").distance_type("dot")
        found: list[int] = asked.nprobes(_PROBES).refine_factor(self._refined).limit(k).to_arrow()["number"].to_pylist()
        return found


def peers_for(count: int) -> dict[str, Callable[[], Peer]]:
    """What to compare with at so many rows: FAISS's own indexes, and libraries that are installed here."""
    candidates = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    found: dict[str, Callable[[], Peer]] = {
        "faiss PQ192x4fs": lambda: Faiss("IVF1,PQ192x4fs,Refine(SQfp16)", "k_factor", candidates),
        "faiss RaBitQfs": lambda: Faiss("IVF1,RaBitQfs,Refine(SQfp16)", "k_factor", (*candidates, 96, 128)),
    }
    if count <= LARGEST_GRAPH:
        searched = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768)
        found["faiss HNSW32,SQfp16"] = lambda: Faiss("HNSW32,SQfp16", "efSearch", searched)
        found |= {"hnswlib": Hnswlib, "usearch": Usearch}
    found["lancedb IVF_PQ"] = Lancedb
    return {name: make for name, make in found.items() if find_spec(name.split()[0])}
