"""One question from its text to its hits, hybrid, beside the raw calls it cannot do without.

    python benchmarks/hybrid_latency.py --index FOLDER [--data FOLDER] [--questions 300]

FOLDER is an index of 100,000 short passages, made by `searchkit index` of sentences from --data. The questions are
those people asked a search engine (`nq_open`), which are in no training text. The ways take turns, a question each:

- searchkit: `SearchEngine.search`, ten hits, mode hybrid, the index as it is opened by default;
- raw: the same encoder, a FAISS index in memory and SQLite's FTS5 (porter, `ORDER BY rank`) over the same texts, 100
  candidates of each, nothing else: no fusion, no hits, no text;
- raw with FAISS's flat index, exact, which is what most people start with.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from common import ROOT, median, write_result

from searchkit import SearchEngine

CANDIDATES = 100
WARM_UP = 20
PACKAGES = ("onnxruntime", "faiss-cpu", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    questions = read_questions(options.data, options.questions + WARM_UP)
    with SearchEngine.open(options.index) as engine:
        status = engine.status()
        raw = Raw(engine)
        ways: dict[str, Callable[[str], object]] = {
            "searchkit, hybrid": lambda text: engine.search(text, 10),
            "raw: encoder + FAISS PQ and refine + FTS5": lambda text: raw.ask(text, raw.compressed),
            "raw: encoder + FAISS flat + FTS5": lambda text: raw.ask(text, raw.flat),
            "the encoder alone": lambda text: engine.encoder.encode_queries([text]),
            "searchkit, dense": lambda text: engine.search(text, 10, mode="dense"),
            "searchkit, lexical": lambda text: engine.search(text, 10, mode="lexical"),
        }
        taken = {name: np.array(times) for name, times in in_turns(ways, questions)}
        report(taken, status.chunks, status.index_kind, len(questions) - WARM_UP)


def read_questions(data: Path, count: int) -> list[str]:
    import pyarrow.parquet as pq

    texts = pq.read_table(data / "nq_open" / "pairs.parquet").column("text_a").to_pylist()
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[place] for place in order[:count]]


class Raw:
    """What the same answer is made of, without an engine."""

    def __init__(self, engine: SearchEngine) -> None:
        import faiss

        with engine.corpus() as corpus:
            vectors = corpus.vectors()[:].astype(np.float32)
        rows = [(chunk.chunk_id, chunk.text) for chunk in engine.iter_chunks()]
        self._encoder = engine.encoder
        self.flat = faiss.IndexFlatIP(vectors.shape[1])
        self.flat.add(vectors)
        self.compressed = faiss.index_factory(
            vectors.shape[1], "IVF1,PQ192x4fs,Refine(SQfp16)", faiss.METRIC_INNER_PRODUCT
        )
        self.compressed.train(vectors[:16384])
        self.compressed.add(vectors)
        self.compressed.k_factor = 4
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
        self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
        self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")

    def ask(self, text: str, index: object) -> tuple[object, object]:
        vector = self._encoder.encode_queries([text])
        near = index.search(vector, CANDIDATES)  # type: ignore[attr-defined]
        match = " OR ".join('"' + word.replace('"', "") + '"' for word in text.split())
        ranked = "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
        return near, self._connection.execute(ranked, [match, CANDIDATES]).fetchall()


def in_turns(ways: dict[str, Callable[[str], object]], questions: list[str]) -> Iterator[tuple[str, list[float]]]:
    """Milliseconds of each question in each way, after a few that are not counted."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number, text in enumerate(questions):
        for name, ask in ways.items():
            began = time.perf_counter()
            ask(text)
            if number >= WARM_UP:
                times[name].append(1000 * (time.perf_counter() - began))
    yield from times.items()


def report(taken: dict[str, np.ndarray], chunks: int, kind: str, questions: int) -> None:
    own = taken["searchkit, hybrid"]
    lines = [
        f"{chunks:,} chunks of one sentence, kind {kind}; {questions} questions, warm, the ways taking turns question "
        "by question. The ratio is the median over the questions.",
        "",
        "| way | p50 ms | p95 ms | searchkit hybrid against it |",
        "|---|---|---|---|",
    ]
    for name, times in taken.items():
        p50, p95 = np.quantile(times, [0.5, 0.95])
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {median((own / times).tolist()):.2f}x |")
    write_result("hybrid_latency", "One question, from text to hits", "\n".join(lines), *PACKAGES)


if __name__ == "__main__":
    main()
