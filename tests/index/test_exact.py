from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import IndexDamagedError
from searchkit.index import ExactIndex, from_file, write

DIMENSION = 8


def few_rows(count: int = 20) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = np.random.default_rng(0).standard_normal((count, DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [(np.arange(count, dtype=np.int64), rows.astype(np.float16))]


def small_file(folder: Path, count: int = 20) -> Path:
    write("exact", folder / "v.faiss", few_rows(count), DIMENSION)
    return folder / "v.faiss"


def test_room_can_be_imported_without_faiss() -> None:
    code = "import searchkit.index, sys; sys.exit('faiss' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_file_is_a_plain_faiss_index_with_our_ids(tmp_path: Path) -> None:
    import faiss

    path = small_file(tmp_path)
    opened = faiss.read_index(str(path))
    assert opened.ntotal == 20
    np.testing.assert_array_equal(faiss.vector_to_array(opened.id_map), np.arange(20))
    faiss.write_index(opened, str(tmp_path / "by_faiss"))
    assert (tmp_path / "by_faiss").read_bytes() == path.read_bytes()


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
            from_file("exact", Path(path))


def test_file_that_declares_more_than_it_holds_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    altered = bytearray(path.read_bytes())
    altered[8:16] = (2**40).to_bytes(8, "little")
    path.write_bytes(altered)
    with pytest.raises(IndexDamagedError, match="another kind of file"):
        from_file("exact", path)


def test_altered_bytes_never_crash(tmp_path: Path) -> None:
    """Each byte of the structure around codes and ids: an index or a clear error, never a crash."""
    path = small_file(tmp_path, 4)
    whole = path.read_bytes()
    codes = range(118, 118 + 4 * 2 * DIMENSION)
    for position in sorted(set(range(len(whole))) - set(codes)):
        altered = bytearray(whole)
        altered[position] ^= 0xFF
        path.write_bytes(altered)
        with suppress(IndexDamagedError):
            assert from_file("exact", path).count == 4


def test_search_leaves_the_threads_of_faiss_as_they_were() -> None:
    import faiss

    index, before = ExactIndex.build(few_rows(2000), DIMENSION), faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        index.search(np.ones((1, DIMENSION), np.float32), 2)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_single_question_does_not_wait_for_faiss_and_many_do_not_go_without() -> None:
    code = """
import sys
import numpy as np
from searchkit.index import build
rows = np.tile(np.eye(4, dtype=np.float16), (30_000, 1))
index = build([(np.arange(len(rows)), rows)], 4)
first = index.search(rows[:1].astype(np.float32), 3)
assert 'faiss' not in sys.modules
for _ in range(5):
    again = index.search(rows[:1].astype(np.float32), 3)
assert 'faiss' in sys.modules
assert first.ids.tolist() == again.ids.tolist() == [[0, 4, 8]]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
