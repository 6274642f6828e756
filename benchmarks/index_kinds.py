"""Recall, latency, build time and size of each kind of index, beside those of others, at 10,000 to a million rows.

    python benchmarks/index_kinds.py --cache FOLDER [--sizes 10000,100000,1000000] [--data FOLDER]

Vectors: 100,000 sentences as the bundled encoder embeds them, kept in FOLDER; above that, these and others made
between a vector and one of its neighbours, with noise, of unit length again. Queries: sentences that are not among
them, and questions people asked a search engine. One thread throughout. Times are CPU time of the process, which
other work on the machine disturbs less than the clock; kinds take turns, and medians are given. FAISS's own indexes
stand beside ours, and hnswlib, usearch and lancedb where they are installed (`ann_peers.py`).
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ann_peers import Peer, peers_for
from common import RESULTS, ROOT, median, write_result

from searchkit.index import ExactIndex, build, from_file, write
from searchkit.index.brute import nearest
from searchkit.index.halves import widened

QUERIES = 200
K = 10
TARGET = 0.99
BATCH = 64
OURS = ("exact", "pq", "ivf")
CANDIDATES = (12, 24, 48, 96, 192, 384, 768)  # of ours: a candidate is read and scored exactly


@dataclass
class Row:
    """One kind at one size. Times in ms of CPU a query."""

    kind: str
    count: int
    setting: str
    recall: float
    recall_questions: float
    build_s: float
    bytes_file: float
    bytes_private: float | None = None
    query_ms: float = 0.0
    query_ms_least: float = 0.0
    bare_ms: float | None = None
    curve: list[tuple[int, float, float]] = field(default_factory=list, repr=False)  # knob, ms of a query, recall
    timings: list[float] = field(default_factory=list, repr=False)


@dataclass
class Searched:
    """A way to search, and the bare FAISS call within it."""

    row: Row
    ours: Callable[[np.ndarray], Any]
    bare: Callable[[np.ndarray], Any] | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory-of", nargs=2, metavar=("KIND", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    import faiss

    faiss.omp_set_num_threads(1)
    if options.memory_of:
        print(json.dumps(private_memory(*options.memory_of, options.cache)))
        return
    rows, batches = [], {}
    for count in map(int, options.sizes.split(",")):
        vectors, queries = prepared(options.cache, options.data, count)
        own, batches[count] = measured(vectors, queries, options)
        rows += own
    report(rows, batches, options.rounds)


def measured(vectors: np.ndarray, queries: dict[str, np.ndarray], options: Any) -> tuple[list[Row], dict[str, float]]:
    """All kinds over the same vectors."""
    ids = np.arange(len(vectors))
    true = {name: nearest(own, ids, vectors, K, None).ids for name, own in queries.items()}
    searched = [ours(kind, vectors, queries, true, options.cache) for kind in OURS]
    searched += [peer(name, make(), vectors, queries, true) for name, make in peers_for(len(vectors)).items()]
    take_turns(searched, queries["sentences"], options.rounds)
    return [each.row for each in searched], in_batches(vectors, queries["sentences"], options.rounds)


def ours(kind: str, vectors: np.ndarray, queries: dict[str, np.ndarray], true: Any, cache: Path) -> Searched:
    path = cache / f"{kind}-{len(vectors)}.faiss"
    batches = ((np.arange(s, min(s + 8192, len(vectors))), vectors[s : s + 8192]) for s in range(0, len(vectors), 8192))
    began = time.process_time()
    facts = write(kind, path, batches, vectors.shape[1], target_recall=TARGET)
    spent = time.process_time() - began
    index: Any = from_file(kind, path)
    found = {name: share(index.search(own, K).ids, true[name]) for name, own in queries.items()}
    setting = ", ".join(f"{name} {value:,}" for name, value in facts.parameters.items() if name != "deep_candidates")
    row = Row(
        kind, len(vectors), setting, found["sentences"], found["questions"], spent, path.stat().st_size / len(vectors)
    )
    if not isinstance(index, ExactIndex):
        effort = index._effort
        row.curve = swept(
            lambda value: setattr(index, "_effort", replace(effort, candidates=value)),
            CANDIDATES,
            lambda own: index.search(own, K).ids,
            queries["sentences"],
            true["sentences"],
        )
        index._effort = effort
    command = [sys.executable, __file__, "--cache", str(cache), "--memory-of", kind, str(path)]
    row.bytes_private = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return Searched(row, lambda query: index.search(query, K), bare_call(index))


def bare_call(index: Any) -> Callable[[np.ndarray], Any]:
    """The FAISS call alone that a single query makes."""
    if isinstance(index, ExactIndex):
        return lambda query: index._scanner.search(query, K + 33)
    wanted, probes = index.facts.parameters["candidates"], index.facts.parameters["probes"]
    return lambda query: index._scanner.scan(query, wanted, probes)


def peer(name: str, other: Peer, vectors: np.ndarray, queries: Any, true: Any) -> Searched:
    """Another library's index with the least value of its knob that meets the target, or the largest."""
    began = time.process_time()
    other.build(vectors)
    spent = time.process_time() - began
    curve = swept(other.turn, other.values, lambda own: other.search(own, K), queries["sentences"], true["sentences"])
    value, _, recall = next((point for point in curve if point[2] >= TARGET), curve[-1])
    other.turn(value)
    questions = share(other.search(queries["questions"], K), true["questions"])
    size = other.bytes / len(vectors)
    row = Row(name, len(vectors), f"{other.knob} {value}", recall, questions, spent, size, curve=curve)
    return Searched(row, lambda query: other.search(query, K))


def swept(
    turn: Callable[[int], object], values: Sequence[int], search: Callable[[np.ndarray], Any], queries: Any, true: Any
) -> list[tuple[int, float, float]]:
    """The median of single queries and the recall at each value of a knob."""
    found = []
    for value in values:
        turn(value)
        search(queries[:1])
        spent = [cost(search, queries[place : place + 1]) for place in range(0, len(queries), 4)]
        found.append((value, median(spent), share(search(queries), true)))
    return found


def take_turns(searched: list[Searched], queries: np.ndarray, rounds: int) -> None:
    """Each kind answers ten queries, then the next one, so that all meet the same disturbances."""
    bare: dict[int, list[float]] = {place: [] for place in range(len(searched))}
    for start in range(0, min(rounds * 10, len(queries)), 10):
        for place, each in enumerate(searched):
            each.ours(queries[:1])
            for query in range(start, start + 10):
                each.row.timings.append(cost(each.ours, queries[query : query + 1]))
                if each.bare:
                    bare[place].append(cost(each.bare, queries[query : query + 1]))
    for place, each in enumerate(searched):
        each.row.query_ms, each.row.query_ms_least = median(each.row.timings), float(np.quantile(each.row.timings, 0.1))
        each.row.bare_ms = median(bare[place]) if bare[place] else None


def in_batches(vectors: np.ndarray, queries: np.ndarray, rounds: int) -> dict[str, float]:
    """CPU seconds of 64 queries at once: FAISS's flat index in float32 and our exact one."""
    import faiss

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(widened(np.asarray(vectors)))
    exact = build([(np.arange(len(vectors)), np.asarray(vectors))], vectors.shape[1])
    spent: dict[str, list[float]] = {"flat": [], "exact": []}
    for _ in range(max(3, rounds // 2)):
        spent["flat"].append(cost(lambda own: flat.search(own, K), queries[:BATCH]))
        spent["exact"].append(cost(lambda own: exact.search(own, K), queries[:BATCH]))
    return {name: median(own) for name, own in spent.items()}


def cost(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> float:
    """CPU ms of this process."""
    began = time.process_time()
    search(queries)
    return 1000 * (time.process_time() - began)


def share(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.mean([np.isin(best, own).mean() for own, best in zip(found, true, strict=True)]))


def private_memory(kind: str, file: str, cache: Path) -> float:
    """Bytes a chunk that a process holds for the index after 300 queries, without the pages of the mapped file."""
    import faiss

    queries = np.concatenate([np.load(cache / "heldout.npy")[:QUERIES], np.load(cache / "questions.npy")[:100]])
    build([(np.arange(4), np.eye(4, dtype=np.float16))], 4)
    faiss.IndexFlatIP(4).search(np.eye(4, dtype=np.float32), 1)
    before = anonymous_bytes()
    index = from_file(kind, Path(file))
    for query in queries:
        index.search(query[np.newaxis], K)
    return (anonymous_bytes() - before) / index.count


def anonymous_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))


# --- vectors


def prepared(cache: Path, data: Path, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(count, D) float16 rows, mapped, and queries of each sort."""
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / "real.npy").exists():
        embed(cache, data)
    if not (cache / "million.npy").exists():
        multiply(cache)
    queries = {"sentences": "heldout", "questions": "questions"}
    return (
        np.load(cache / "million.npy", mmap_mode="r")[:count],
        {name: np.load(cache / f"{file}.npy")[:QUERIES].astype(np.float32) for name, file in queries.items()},
    )


def embed(cache: Path, data: Path) -> None:
    """100,000 sentences, 1,000 others, 1,000 questions."""
    import pyarrow.parquet as parquet

    from searchkit import SentenceEncoder

    random = np.random.default_rng(20261121)
    texts = sorted(set(parquet.read_table(data / "sentences" / "sentences.parquet")["text"].to_pylist()))
    chosen = [texts[place] for place in random.permutation(len(texts))[:101_000]]
    asked = sorted(set(parquet.read_table(data / "nq_open" / "pairs.parquet")["text_a"].to_pylist()))
    encoder = SentenceEncoder.load(threads=1)
    questions = [asked[place] for place in random.permutation(len(asked))[:1000]]
    np.save(cache / "questions.npy", encoder.encode_queries(questions))
    rows = encoder.encode_passages(chosen)
    np.save(cache / "heldout.npy", rows[100_000:])
    np.save(cache / "real.npy", rows[:100_000])


def multiply(cache: Path) -> None:
    """A million: the real ones, and a * u + (1 - a) * v + noise of length 0.2 for v one of u's ten neighbours."""
    real = np.load(cache / "real.npy")
    index = build([(np.arange(len(real)), real.astype(np.float16))], real.shape[1])
    near = np.concatenate([index.search(real[s : s + 5000], 11).ids for s in range(0, len(real), 5000)])
    random = np.random.default_rng(7)
    shape = (1_000_000, real.shape[1])
    out = np.lib.format.open_memmap(cache / "million.npy", mode="w+", dtype=np.float16, shape=shape)
    out[: len(real)] = real
    for start in range(len(real), len(out), 50_000):
        first = random.integers(0, len(real), 50_000)
        second = near[first, random.integers(1, 11, 50_000)]
        mix = random.uniform(0.3, 1, (50_000, 1)).astype(np.float32)
        noise = random.standard_normal((50_000, real.shape[1])).astype(np.float32)
        made = mix * real[first] + (1 - mix) * real[second] + 0.2 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        out[start : start + 50_000] = made / np.linalg.norm(made, axis=1, keepdims=True)
    out.flush()


# --- report


def report(rows: list[Row], batches: dict[int, dict[str, float]], rounds: int) -> None:
    lines = [
        "One thread. Times are CPU time of the process (median of single queries, kinds in turn; in brackets the",
        f"fastest tenth), {rounds * 10} queries each. The machine did other work meanwhile: compare rows, not days,",
        "and measure again on a quiet one. Up to 100,000 the vectors are real sentences; the million is mostly made of",
        "them (see the script). pq and ivf were tuned to 0.99 on their own rows, without these queries; the others",
        "were given the least setting that meets 0.99 for these very sentences, or their largest.",
        "",
        "| rows | kind | setting | recall@10 sentences | questions | ms a query | of it FAISS | build CPU s |"
        " file B/row | private memory B/row |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        bare = "" if row.bare_ms is None else f"{row.bare_ms:.2f}"
        held = "" if row.bytes_private is None else f"{row.bytes_private:.0f}"
        lines.append(
            f"| {row.count:,} | {row.kind} | {row.setting} | {row.recall:.4f} | {row.recall_questions:.4f} |"
            f" {row.query_ms:.2f} [{row.query_ms_least:.2f}] | {bare} | {row.build_s:.1f} |"
            f" {row.bytes_file:.0f} | {held} |"
        )
    lines += [
        "",
        "Exact search of 64 queries at once, CPU ms:",
        "",
        "| rows | faiss Flat | exact | ratio |",
        "|---|---|---|---|",
    ]
    for count, own in batches.items():
        lines.append(f"| {count:,} | {own['flat']:.0f} | {own['exact']:.0f} | {own['flat'] / own['exact']:.1f} |")
    values = [{name: value for name, value in asdict(row).items() if name != "timings"} for row in rows]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "index_kinds.json").write_text(json.dumps({"kinds": values, "batches": batches}, indent=1) + "\n")
    write_result(
        "index_kinds", "Kinds of index", "\n".join(lines), "faiss-cpu", "hnswlib", "usearch", "lancedb", "numpy"
    )
    plot(rows)


def plot(rows: list[Row]) -> None:
    """Recall against latency as each kind's knob is turned, a panel a size, if matplotlib is there."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    sizes = sorted({row.count for row in rows})
    figure, panels = plt.subplots(1, len(sizes), figsize=(4.5 * len(sizes), 4), squeeze=False, sharey=True)
    for panel, size in zip(panels[0], sizes, strict=True):
        for row in rows:
            if row.count == size:
                points = [point[1:] for point in row.curve] or [(row.query_ms, row.recall)]
                panel.plot(
                    *zip(*points, strict=True), "o-" if row.kind in OURS else "x--", label=row.kind, markersize=4
                )
        panel.set(xscale="log", xlabel="ms of CPU a query", title=f"{size:,} rows", ylabel="recall@10, sentences")
        panel.set_ylim(0.8, 1.005)
        panel.grid(alpha=0.3)
        panel.legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(RESULTS / "index_kinds.png", dpi=110)


if __name__ == "__main__":
    main()
