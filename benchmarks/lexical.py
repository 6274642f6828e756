"""Lexical search beside plain FTS5: quality on judged collections, and time, growth and speed on a larger corpus.

    python benchmarks/lexical.py [--data FOLDER] [--only SET ...] [--chunks N]

Plain FTS5: one column of ``title + ' ' + text``, its tokenizer ``porter unicode61``, every word of a query in quotes,
OR-ed, ``ORDER BY rank``. Ours goes through the store, as a search does: title and text of a document as one chunk,
`plain_query`, `lexical_nearest`. Of a set with more than 1,000 queries 1,000 are drawn (seed 0).

These sets were looked at while the rules were chosen: which words are left out of a query, that repeated words count
as often, that a hyphenated word is a phrase, and that the title has no weight of its own (2 was better on LISA and
worse on CACM and CISI). k1 and b are FTS5's.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import RESULTS, ROOT, median, write_result

from searchkit.evaluation import read_retrieval_set
from searchkit.evaluation.collection import RetrievalSet
from searchkit.evaluation.retrieval import evaluate_run
from searchkit.evaluation.runs import Ranking, search_run
from searchkit.store import NewChunk, NewDocument, StoredSettings, StoreWriter, plain_query
from searchkit.types import Chunk, Document

SETS = ("cisi", "cacm", "med", "npl", "lisa", "time", "squad_sentences")
MOST_QUERIES = 1000
DIMENSION = 384
BATCH = 1024  # chunks a commit, as in indexing
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", nargs="*", default=SETS, help="sets; default: all")
    parser.add_argument("--chunks", type=int, default=40_000, help="size of the larger corpus; 0: none")
    options = parser.parse_args()
    quality = [measured(options.data / f"ir_{name}") for name in options.only]
    costs = cost(options.data, options.chunks) if options.chunks else {}
    write_result("lexical", "Lexical search beside plain FTS5", report(quality, costs), "numpy")
    facts = {"quality": quality, "cost": costs}
    (RESULTS / "lexical.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def measured(folder: Path) -> dict[str, object]:
    """nDCG@10 of both on one collection."""
    collection = sampled(read_retrieval_set(folder))
    with tempfile.TemporaryDirectory() as scratch:
        plain = Plain(Path(scratch) / "plain.db", collection.documents)
        ours = Ours(Path(scratch) / "ours.db", collection.documents)
        means = [
            evaluate_run(search_run(one.search, collection, name=one.name), collection).means["nDCG@10"]
            for one in (plain, ours)
        ]
    print(folder.name, means, flush=True)
    return {"set": folder.name, "queries": len(collection.queries), "plain": means[0], "ours": means[1]}


def sampled(collection: RetrievalSet) -> RetrievalSet:
    if len(collection.queries) <= MOST_QUERIES:
        return collection
    queries = tuple(random.Random(0).sample(collection.queries, MOST_QUERIES))
    return replace(collection, queries=queries, qrels={q.query_id: collection.qrels[q.query_id] for q in queries})


class Plain:
    """FTS5 as it comes."""

    name = "plain FTS5"

    def __init__(self, path: Path, documents: Sequence[Document]) -> None:
        self._names = [document.doc_id for document in documents]
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
        rows = [(number, f"{one.title} {one.text}") for number, one in enumerate(documents)]
        for first in range(0, len(rows), BATCH):
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows[first : first + BATCH])
            self._connection.execute("COMMIT")

    def search(self, texts: Sequence[str], k: int) -> list[Ranking]:
        return [self.one(text, k) for text in texts]

    def one(self, text: str, k: int) -> Ranking:
        match = " OR ".join('"' + word.replace('"', "") + '"' for word in text.split())
        ranked = "SELECT rowid, -rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
        rows = self._connection.execute(ranked, [match, k]).fetchall()
        return Ranking(tuple(self._names[row[0]] for row in rows), tuple(row[1] for row in rows))


class Ours:
    """The lexical search of the store."""

    name = "searchkit"

    def __init__(self, path: Path, documents: Sequence[Document], *, words: bool = True) -> None:
        self._names = [document.doc_id for document in documents]
        self._store = StoreWriter(path)
        if not words:
            for trigger in ("words_inserted", "words_deleted"):
                self._store._connection.execute(f"DROP TRIGGER {trigger}")
        with self._store.change():
            self._store.save_settings(StoredSettings("", "f" * 64, DIMENSION, 256, 256, 0, ""))
        started = time.process_time()
        for first in range(0, len(documents), BATCH):
            with self._store.change():
                for document in documents[first : first + BATCH]:
                    self._store.put_document(one_chunk(document))
        self.cpu_s = time.process_time() - started

    def optimize(self) -> float:
        """CPU seconds."""
        started = time.process_time()
        with self._store.change():
            self._store.optimize_lexical()
        return time.process_time() - started

    def bytes_used(self) -> int:
        used = "SELECT (SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count) * page_size"
        return int(self._store._connection.execute(f"{used} FROM pragma_page_size").fetchone()[0])

    def search(self, texts: Sequence[str], k: int) -> list[Ranking]:
        return [self.one(text, k) for text in texts]

    def one(self, text: str, k: int) -> Ranking:
        query = plain_query(text)
        if query is None:
            return Ranking((), ())
        scores, ids = self._store.read.lexical_nearest(query, k)
        return Ranking(tuple(self._names[chunk_id - 1] for chunk_id in ids.tolist()), tuple(scores.tolist()))


def one_chunk(document: Document) -> NewDocument:
    chunk = Chunk(document.text, 0, len(document.text), 1, 1)
    vector = np.zeros(DIMENSION, "<f2").tobytes()
    return NewDocument(document, (NewChunk(chunk, document.doc_id.encode(), vector),))


def cost(data: Path, count: int) -> dict[str, float]:
    """What the words cost when chunks are written, on disk, and when questions are asked."""
    documents, questions = larger_corpus(data, count)
    with tempfile.TemporaryDirectory() as scratch:
        bare = Ours(Path(scratch) / "bare.db", documents, words=False)
        ours = Ours(Path(scratch) / "ours.db", documents)
        plain = Plain(Path(scratch) / "plain.db", documents)
        grown = ours.bytes_used() / bare.bytes_used()
        merging = ours.optimize()
        found = {
            "ours_10_ms": timed(lambda text: ours.one(text, 10), questions, ROUNDS),
            "ours_100_ms": timed(lambda text: ours.one(text, 100), questions, ROUNDS),
            "plain_10_ms": timed(lambda text: plain.one(text, 10), questions, 1),
        }
    return {
        "chunks": len(documents),
        "questions": len(questions),
        "write_cpu_s": ours.cpu_s,
        "write_without_words_cpu_s": bare.cpu_s,
        "merge_cpu_s": merging,
        "growth": grown - 1,
        **{f"{name}_p50": median(values) for name, values in found.items()},
        **{f"{name}_p90": sorted(values)[int(0.9 * len(values))] for name, values in found.items()},
    }


def larger_corpus(data: Path, count: int) -> tuple[list[Document], list[str]]:
    """Chunks of about 110 words of many kinds, and questions of 6 to 15 words."""
    import pyarrow.parquet as pq

    texts: list[tuple[str, str]] = []
    for name in ("docs_sections", "medquad"):
        pairs = pq.read_table(data / name / "pairs.parquet").to_pydict()
        for title, text in zip(pairs["text_a"], pairs["text_b"], strict=True):
            words = text.split(" ")
            texts += [(title, " ".join(words[at : at + 150])) for at in range(0, len(words), 150)]
    rng = random.Random(0)
    texts = rng.sample(texts, min(len(texts), count // 2))
    sentences = pq.read_table(data / "sentences" / "sentences.parquet").to_pydict()["text"]
    starts = rng.sample(range(0, len(sentences) - 7, 7), count - len(texts))
    texts += [("", " ".join(sentences[at : at + 7])) for at in starts]
    rng.shuffle(texts)
    asked = read_retrieval_set(data / "ir_squad_sentences").queries
    questions = [query.text for query in rng.sample(asked, 150) if 6 <= len(query.text.split()) <= 15]
    return [Document(str(number), text, title=title) for number, (title, text) in enumerate(texts)], questions


def timed(ask: Callable[[str], object], questions: Sequence[str], rounds: int) -> list[float]:
    """Milliseconds of wall time a question, the best round of each, warm."""
    best = []
    for text in questions:
        took = []
        for _ in range(rounds + 1):
            started = time.perf_counter()
            ask(text)
            took.append(1000 * (time.perf_counter() - started))
        best.append(min(took[1:]))
    return best


def report(quality: Sequence[dict[str, object]], costs: dict[str, float]) -> str:
    rows = "\n".join(f"| {one['set']} | {one['queries']} | {one['plain']:.4f} | {one['ours']:.4f} |" for one in quality)
    text = f"nDCG@10\n\n| set | queries | plain FTS5 | searchkit |\n|---|---|---|---|\n{rows}\n"
    if not costs:
        return text
    lines = "\n".join(f"| {name} | {round(value, 2):,} |" for name, value in costs.items())
    note = "Other work ran on the machine meanwhile: compare these figures with each other alone."
    return f"{text}\n{note}\n\n| cost | |\n|---|---|\n{lines}\n"


if __name__ == "__main__":
    main()
