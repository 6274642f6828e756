from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import IndexDamagedError, InputError
from searchkit.index import AUTO, IndexFacts, build, from_file, kind_for, making, read_facts, write
from searchkit.index.facts import to_json
from searchkit.index.layout import write_end

DIMENSION = 48
COUNT = 4000


def texts(seed: int, count: int) -> np.ndarray:
    topics = np.random.default_rng(0).standard_normal((80, DIMENSION))
    random = np.random.default_rng(seed)
    rows = topics[random.integers(0, 80, count)] + random.standard_normal((count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture(scope="module")
def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.arange(COUNT, dtype=np.int64), texts(1, COUNT))]


@pytest.mark.parametrize("kind", ["pq", "ivf"])
@pytest.mark.parametrize("target", [0.8, 0.95, 0.99])
def test_held_out_queries_reach_the_target(kind: str, target: float, batches, tmp_path: Path) -> None:
    """Queries that the tuning never saw, of the same topics; three standard errors of their mean are allowed."""
    facts = write(kind, tmp_path / "v", batches, DIMENSION, target_recall=target)
    queries = texts(2, 300).astype(np.float32)
    found, true = from_file(kind, tmp_path / "v").search(queries, 10), build(batches, DIMENSION).search(queries, 10)
    shares = np.array([np.isin(own, best).mean() for own, best in zip(found.ids, true.ids, strict=True)])
    assert shares.mean() + 3 * shares.std() / np.sqrt(len(shares)) >= target
    assert facts.ann_recall >= target
    assert facts.target_recall == target


def test_lower_target_takes_less_effort(batches, tmp_path: Path) -> None:
    low, high = (write("pq", tmp_path / "v", batches, DIMENSION, target_recall=target) for target in (0.8, 0.99))
    assert low.parameters["candidates"] < high.parameters["candidates"]


def test_facts_are_read_without_opening_the_index(batches, tmp_path: Path) -> None:
    for kind in ("exact", "pq", "ivf"):
        facts = write(kind, tmp_path / kind, batches, DIMENSION)
        assert read_facts(tmp_path / kind) == from_file(kind, tmp_path / kind).facts == facts
    assert read_facts(tmp_path / "exact") == IndexFacts(COUNT, "exact", 1.0, 1.0)


def test_auto_follows_the_count(batches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [kind_for(count) for count in (0, 1000, 100_000, 1_000_000, 10_000_000)] == [
        *("exact", "exact", "pq", "pq", "ivf")
    ]
    assert write(AUTO, tmp_path / "v", batches, DIMENSION).kind == "exact"
    monkeypatch.setattr(making, "_PQ_FROM", COUNT)
    assert write(AUTO, tmp_path / "v", batches, DIMENSION).kind == "pq"
    monkeypatch.setattr(making, "_IVF_FROM", COUNT)
    assert write(AUTO, tmp_path / "v", batches, DIMENSION).kind == "ivf"


def test_auto_is_exact_where_the_target_is_out_of_reach(batches, tmp_path: Path, monkeypatch) -> None:
    write("exact", tmp_path / "exact", batches, DIMENSION)
    monkeypatch.setattr(making, "_PQ_FROM", 0)
    monkeypatch.setattr(making, "MOST_CANDIDATES", 0)  # no effort is made beyond the first
    monkeypatch.setattr(making, "share_found", lambda *_: 0.9)
    assert write(AUTO, tmp_path / "auto", batches, DIMENSION) == IndexFacts(COUNT)
    assert (tmp_path / "auto").read_bytes() == (tmp_path / "exact").read_bytes()
    told = write("pq", tmp_path / "asked", batches, DIMENSION)
    assert (told.kind, told.ann_recall, told.target_recall) == ("pq", 0.9, 0.99)  # asked for: kept, and told


def test_few_chunks_are_exact_whatever_was_asked(tmp_path: Path) -> None:
    few = [(np.arange(255, dtype=np.int64), texts(1, 255))]
    assert write("pq", tmp_path / "v", few, DIMENSION) == IndexFacts(255)
    assert from_file("exact", tmp_path / "v").count == 255


def test_rows_that_are_all_alike_can_be_indexed(tmp_path: Path) -> None:
    alike = [(np.arange(300, dtype=np.int64), np.repeat(texts(1, 1), 300, axis=0))]
    for kind in ("pq", "ivf"):
        write(kind, tmp_path / "v", alike, DIMENSION)
        found = from_file(kind, tmp_path / "v").search(alike[0][1][:1].astype(np.float32), 5)
        np.testing.assert_array_equal(found.ids, [[0, 1, 2, 3, 4]])


@pytest.mark.parametrize("target", [0.0, -1, 1.01, float("nan")])
def test_target_that_is_no_share_is_refused_before_anything_is_written(target: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="target recall"):
        write("pq", tmp_path / "v", [], DIMENSION, target_recall=target)
    assert not (tmp_path / "v").exists()


def test_file_of_another_kind_is_refused(batches, tmp_path: Path) -> None:
    write("pq", tmp_path / "v", batches, DIMENSION)
    for kind in ("exact", "ivf"):
        with pytest.raises(IndexDamagedError, match="kind 'pq'"):
            from_file(kind, tmp_path / "v")


def test_any_faiss_program_reads_the_rows_of_every_kind(batches, tmp_path: Path) -> None:
    import faiss

    write("pq", tmp_path / "v", batches, DIMENSION)
    opened = faiss.read_index(str(tmp_path / "v"))
    assert opened.ntotal == COUNT
    np.testing.assert_array_equal(opened.index.reconstruct(17).astype(np.float16), batches[0][1][17])


def test_altered_codes_and_facts_are_refused(batches, tmp_path: Path) -> None:
    path = tmp_path / "v"
    write("exact", path, batches, DIMENSION)
    rows = path.stat().st_size
    write("ivf", path, batches, DIMENSION)
    whole = path.read_bytes()
    for position in (rows, rows + 40, (rows + len(whole)) // 2, len(whole) - 1, len(whole) - 20):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(IndexDamagedError):
            from_file("ivf", path)
    endless = b'{"kind": "ivf", "parameters": {"probes": Infinity}, "target_recall": 1, "ann_recall": 1}'
    for facts in (b"{}", b"[]", b'{"kind": "ivf", "parameters": {"probes": 0}}', endless):
        end = whole[-32:-16] + len(facts).to_bytes(8, "little") + whole[-8:]
        old = int.from_bytes(whole[-16:-8], "little")
        path.write_bytes(whole[: -32 - old] + facts + end)
        for read in (read_facts, lambda file: from_file("ivf", file)):
            with pytest.raises(IndexDamagedError, match="facts"):
                read(path)


def test_codes_that_are_another_faiss_index_are_refused(batches, tmp_path: Path) -> None:
    import faiss

    path = tmp_path / "v"
    write("exact", path, batches, DIMENSION)
    codes = faiss.serialize_index(faiss.IndexFlatIP(DIMENSION))
    effort = {"probes": 1, "candidates": 16, "deep_candidates": 16}
    with path.open("ab") as file:
        file.write(codes.tobytes())
        write_end(file, codes, to_json(IndexFacts(COUNT, "pq", 0.99, 0.99, effort)))
    with pytest.raises(IndexDamagedError, match="codes and how to scan them"):
        from_file("pq", path)
