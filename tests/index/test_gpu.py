"""What runs on a GPU, run on the CPU by the same calls: torch's own CPU device, and a FAISS index in memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.index import IdFilter, exact, from_file, gpu, write
from searchkit.index.gpu import FaissScan, FirstPass, TorchScan, described, may_use, scan_for, why_not
from searchkit.index.selection import Selection

torch = pytest.importorskip("torch")
faiss = pytest.importorskip("faiss")

DIMENSION = 24


def unit_rows(count: int, seed: int = 0) -> Any:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_BLOCK_ROWS", 64)
    monkeypatch.setattr(gpu, "_QUERIES_AT_ONCE", 7)


def expected(rows: Any, queries: Any, wanted: int, mask: Any = None) -> tuple[Any, Any]:
    scores = queries.astype(np.float64) @ rows.astype(np.float64).T
    if mask is not None:
        scores[:, ~mask] = -np.inf
    best = np.argsort(-scores, axis=1)[:, :wanted]
    return np.take_along_axis(scores, best, axis=1), best


def agrees(found: FirstPass, rows: Any, queries: Any, wanted: int, mask: Any = None) -> None:
    scores, positions = expected(rows, queries, wanted, mask)
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)
    np.testing.assert_array_equal(found.positions, positions)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("devices", [["cpu"], ["cpu", "cpu", "cpu"]])
def test_the_best_of_all_blocks_and_devices_are_found(devices: list[str]) -> None:
    rows, queries = unit_rows(500), unit_rows(20, seed=1).astype(np.float32)
    agrees(TorchScan(rows, devices).scan(queries, 13, None), rows, queries, 13)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("devices", [["cpu"], ["cpu", "cpu"]])
def test_a_filter_acts_before_the_cut(devices: list[str]) -> None:
    rows, queries = unit_rows(500), unit_rows(9, seed=1).astype(np.float32)
    mask = np.arange(500) % 31 == 4
    found = TorchScan(rows, devices).scan(queries, 10, Selection(mask))
    agrees(found, rows, queries, 10, mask)


@pytest.mark.usefixtures("small_blocks")
def test_rows_that_do_not_fit_are_sent_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, queries = unit_rows(300), unit_rows(9, seed=1).astype(np.float32)
    monkeypatch.setattr(gpu, "_fits", lambda *_: False)
    scan = TorchScan(rows, ["cpu"])
    assert scan._parts[0]._resident is None
    agrees(scan.scan(queries, 5, None), rows, queries, 5)


def test_places_that_nothing_fills_say_so() -> None:
    rows, queries = unit_rows(30), unit_rows(2, seed=1).astype(np.float32)
    found = TorchScan(rows, ["cpu"]).scan(queries, 5, Selection(np.arange(30) < 3))
    assert (found.positions[:, 3:] == -1).all()
    assert (found.positions[:, :3] >= 0).all()
    assert np.isneginf(found.scores[:, 3:]).all()


def test_no_more_devices_than_rows_are_needed() -> None:
    rows = unit_rows(2)
    found = TorchScan(rows, ["cpu"] * 3).scan(rows.astype(np.float32), 2, None)
    assert found.positions.tolist() == [[0, 1], [1, 0]]


@pytest.mark.usefixtures("small_blocks")
def test_faiss_searches_what_is_not_filtered_and_torch_the_rest() -> None:
    rows, queries = unit_rows(200), unit_rows(5, seed=1).astype(np.float32)
    asked: list[Selection | None] = []

    class Other:
        def scan(self, unit: Any, wanted: int, selection: Selection | None) -> FirstPass:
            asked.append(selection)
            return TorchScan(rows, ["cpu"]).scan(unit, wanted, selection)

    scan = FaissScan(rows, Other, make=faiss.IndexFlatIP)
    agrees(scan.scan(queries, 8, None), rows, queries, 8)
    assert not asked
    mask = np.arange(200) % 3 == 0
    agrees(scan.scan(queries, 8, Selection(mask)), rows, queries, 8, mask)
    assert len(asked) == 1


# --- in an index


@pytest.fixture
def as_if_gpu(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The CPU in the place of a GPU; gives the numbers of queries that it was sent."""
    sent: list[int] = []

    class Noted(TorchScan):
        def scan(self, unit: Any, wanted: int, selection: Selection | None) -> FirstPass:
            sent.append(len(unit))
            return super().scan(unit, wanted, selection)

    monkeypatch.setattr(exact, "scan_for", lambda rows, _: Noted(rows, ["cpu"]))
    monkeypatch.setattr(exact, "FEWEST_ROWS", 100)
    return sent


@pytest.mark.parametrize("kind", ["exact", "pq", "ivf"])
def test_an_index_gives_the_same_hits_with_a_gpu(kind: str, tmp_path: Path, as_if_gpu: list[int]) -> None:
    rows = unit_rows(600)
    rows[50:90] = rows[50]  # ties at the cut
    ids = np.arange(600) * 3
    write(kind, tmp_path / "file", [(ids, rows)], DIMENSION)
    queries = np.concatenate([unit_rows(20, seed=1), rows[50:51]]).astype(np.float32)
    plain, fast = from_file(kind, tmp_path / "file"), from_file(kind, tmp_path / "file", device="cuda")
    reference = from_file("exact", tmp_path / "file") if kind == "exact" else None
    for allowed in (None, IdFilter.of(ids[::4])):
        found = fast.search(queries, 10, allowed=allowed, excluded=ids[5:9])
        if reference is not None:
            theirs = plain.search(queries, 10, allowed=allowed, excluded=ids[5:9])
            np.testing.assert_array_equal(found.ids, theirs.ids)
            np.testing.assert_array_equal(found.scores, theirs.scores)
        scores = queries.astype(np.float64) @ rows.astype(np.float64).T
        may = np.ones(600, bool) if allowed is None else np.isin(ids, allowed.ids)
        may[5:9] = False
        scores[:, ~may] = -np.inf
        scores /= np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)
        order = np.lexsort((np.broadcast_to(ids, scores.shape), -scores.astype(np.float32)), axis=1)[:, :10]
        np.testing.assert_array_equal(found.ids, ids[order])
    assert as_if_gpu == [21, 21]


def test_few_queries_and_small_indexes_stay_on_the_cpu(tmp_path: Path, as_if_gpu: list[int]) -> None:
    rows = unit_rows(300)
    write("exact", tmp_path / "large", [(np.arange(300), rows)], DIMENSION)
    write("exact", tmp_path / "small", [(np.arange(90), rows[:90])], DIMENSION)
    queries = rows[:30].astype(np.float32)
    from_file("exact", tmp_path / "large", device="cuda").search(queries[:7], 3)
    from_file("exact", tmp_path / "small", device="cuda").search(queries, 3)
    from_file("exact", tmp_path / "large", device="openvino").search(queries, 3)
    from_file("exact", tmp_path / "large").search(queries, 3)
    assert not as_if_gpu


def test_where_there_is_no_gpu_the_cpu_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(exact, "FEWEST_ROWS", 100)
    rows = unit_rows(300)
    write("exact", tmp_path / "file", [(np.arange(300), rows)], DIMENSION)
    found = from_file("exact", tmp_path / "file", device="cuda").search(rows[:30].astype(np.float32), 1)
    assert found.ids[:, 0].tolist() == list(range(30))


def test_the_reason_for_the_cpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "the device is cpu; SEARCHKIT_DEVICE=cuda asks for a GPU" in why_not("cpu")
    assert why_not("cuda") == why_not("auto") == "torch sees no CUDA device"
    assert scan_for(unit_rows(5), "cuda") is None
    monkeypatch.setattr(gpu, "find_spec", lambda _: None)
    assert "searchkit[gpu]" in why_not("cuda")
    monkeypatch.delitem(sys.modules, "torch")
    assert not may_use("auto")
    assert may_use("cuda")


def test_a_gpu_is_taken_with_the_library_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_cuda_devices", lambda: ["cpu", "cpu"])
    rows, queries = unit_rows(40), unit_rows(3, seed=1).astype(np.float32)
    for has_faiss, library in ((False, TorchScan), (True, FaissScan)):
        monkeypatch.setattr(gpu, "_faiss_has_gpu", lambda has_faiss=has_faiss: has_faiss)
        monkeypatch.setattr(gpu, "_flat_on_gpus", faiss.IndexFlatIP)
        scan = scan_for(rows, "cuda")
        assert isinstance(scan, library)
        agrees(scan.scan(queries, 4, None), rows, queries, 4)
        assert described() == f"{'faiss-gpu' if has_faiss else 'torch'}, 2 GPU"
    monkeypatch.setattr(gpu, "_fits", lambda *_: False)
    assert isinstance(scan_for(rows, "cuda"), TorchScan)  # block by block
