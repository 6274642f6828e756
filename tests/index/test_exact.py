from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import IndexDamagedError, IndexStateError
from searchkit.index import ExactIndex

DIMENSION = 8


def small_index(count: int = 20) -> ExactIndex:
    rows = np.random.default_rng(0).standard_normal((count, DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return ExactIndex.build([(np.arange(count, dtype=np.int64), rows.astype(np.float16))], DIMENSION)


def test_room_can_be_imported_without_faiss() -> None:
    code = "import searchkit.index, sys; sys.exit('faiss' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_file_is_a_plain_faiss_index_with_our_ids(tmp_path: Path) -> None:
    import faiss

    small_index().to_file(tmp_path / "v.faiss")
    opened = faiss.read_index(str(tmp_path / "v.faiss"))
    assert opened.ntotal == 20
    np.testing.assert_array_equal(faiss.vector_to_array(opened.id_map), np.arange(20))


def test_file_of_another_faiss_kind_is_refused(tmp_path: Path) -> None:
    import faiss

    path = str(tmp_path / "v.faiss")
    rows = np.eye(DIMENSION, dtype=np.float32)
    flat = faiss.IndexFlatIP(DIMENSION)
    int8 = faiss.IndexScalarQuantizer(DIMENSION, faiss.ScalarQuantizer.QT_8bit_direct_signed)
    for inner in (flat, int8):
        wrapped = faiss.IndexIDMap(inner)
        wrapped.add_with_ids(rows, np.arange(DIMENSION))
        faiss.write_index(wrapped, path)
        with pytest.raises(IndexDamagedError):
            ExactIndex.from_file(Path(path))


def test_file_that_declares_more_than_it_holds_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "v.faiss"
    small_index().to_file(path)
    altered = bytearray(path.read_bytes())
    altered[8:16] = (2**40).to_bytes(8, "little")
    path.write_bytes(altered)
    with pytest.raises(IndexDamagedError, match="another kind of file"):
        ExactIndex.from_file(path)


def test_altered_bytes_never_crash(tmp_path: Path) -> None:
    """Each byte of the structure around codes and ids: an index or a clear error, never a crash."""
    path = tmp_path / "v.faiss"
    small_index(4).to_file(path)
    whole = path.read_bytes()
    codes = range(118, 118 + 4 * 2 * DIMENSION)
    for position in sorted(set(range(len(whole))) - set(codes)):
        altered = bytearray(whole)
        altered[position] ^= 0xFF
        path.write_bytes(altered)
        with suppress(IndexDamagedError):
            assert ExactIndex.from_file(path).count == 4


def test_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexStateError, match="nowhere"):
        small_index().to_file(tmp_path / "nowhere" / "v.faiss")


def test_search_leaves_the_threads_of_faiss_as_they_were() -> None:
    import faiss

    index, before = small_index(2000), faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        index.search(np.ones((1, DIMENSION), np.float32), 2)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)
