"""The figures behind `searchkit plan`, and how well it foretells sizes that were measured.

    python benchmarks/planner.py STAGE --work FOLDER [options]

Stages, each of which adds to FOLDER/planner.json:

    encode      core seconds a passage, short and long; core milliseconds a query  (--index: of 100,000 short passages)
    database    bytes a passage of the tables of that index, from SQLite's own account
    intake      core seconds a passage of `searchkit index --from-shards`, and bytes of a shard  (--shards FOLDER)
    many        10 million vectors: real ones mixed with noise, as `index_kinds.py` makes a million  (--vectors FOLDER)
    build-KIND  an index of a kind over them: seconds, bytes, peak memory
    ask-KIND    memory, recall and time a query of it; exact first, the others are compared with it
    report      write searchkit/scale/figures.json and results/planner.md, with the kinds of results/index_kinds.json

Seconds are CPU seconds of one thread.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded
os.environ["RAYON_NUM_THREADS"] = "1"

import argparse
import json
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, ROOT, machine, median, write_result

FIGURES = ROOT / "searchkit" / "scale" / "figures.json"
MANY, DIMENSION = 10_000_000, 384
BATCH = 50_000
QUERIES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--shards", type=Path)
    parser.add_argument("--vectors", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.stage == "report":
        report(options.work)
    elif options.stage.startswith("build-"):
        note(options.work, options.stage, built_kind(options.stage.removeprefix("build-"), options))
    elif options.stage.startswith("ask-"):
        note(options.work, options.stage, asked_kind(options.stage.removeprefix("ask-"), options))
    else:
        note(options.work, options.stage, STAGES[options.stage](options))


def encode(options: Any) -> dict[str, Any]:
    """Real sentences, and passages put together of eight of them."""
    from searchkit import load_encoder

    encoder = load_encoder(threads=1)
    with closing(sqlite3.connect(f"file:{options.index / 'searchkit.db'}?mode=ro", uri=True)) as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM chunks LIMIT 8000")]
    long = [" ".join(texts[n : n + 8]) for n in range(0, 2400, 8)]
    points = []
    for some in (texts[:1500], long):
        tokens = float(np.mean([len(e.ids) for e in encoder.tokenizer.encode_batch(some)]))
        began = time.process_time()
        encoder.encode_passages(some)
        points.append([min(tokens, encoder.max_tokens), (time.process_time() - began) / len(some)])
    spent = []
    for text in texts[3000:3100]:
        began = time.process_time()
        encoder.encode_queries([" ".join(text.split()[:8])])
        spent.append(1000 * (time.process_time() - began))
    return {"encode_s": points, "query_encode_ms": median(spent)}


def database(options: Any) -> dict[str, Any]:
    with closing(sqlite3.connect(f"file:{options.index / 'searchkit.db'}?mode=ro", uri=True)) as connection:
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        count, text = connection.execute("SELECT count(*), sum(length(CAST(text AS BLOB))) FROM chunks").fetchone()
        texts = [text for (text,) in connection.execute("SELECT text FROM chunks LIMIT 2000")]
    from searchkit import load_encoder

    tokens = float(np.mean([len(e.ids) for e in load_encoder(threads=1).tokenizer.encode_batch(texts)]))
    words = sum(size for name, size in sizes.items() if name.startswith("chunk_words"))
    bytes_a_token = (text + words) / count / tokens
    whole = sum(sizes.values()) / count
    fixed = whole - 2 * DIMENSION - bytes_a_token * tokens
    return {"database": {"fixed_bytes": fixed, "bytes_a_token": bytes_a_token}, "tokens": tokens, "whole": whole}


def intake(options: Any) -> dict[str, Any]:
    from searchkit import SearchEngine
    from searchkit.scale.intake import ShardCorpus
    from searchkit.scale.shards import Shards

    shards = Shards.open(str(options.shards))
    count = shards.manifest.counts.passages
    texts = sum(len(row.text.encode()) for batch in shards.batches() for row in batch.rows)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        began = time.process_time()
        with SearchEngine.open_or_create(Path(folder) / "index") as engine:
            engine.index_encoded(ShardCorpus(shards))
        spent = time.process_time() - began
    return {
        "index_s": spent / count,
        "shard_bytes": sum(record.size for record in shards.manifest.shards) / count,
        "text_bytes": texts / count,
        "rows": count,
    }


def many(options: Any) -> dict[str, Any]:
    """Ten million: vectors of a million with noise of length 0.2 to 0.5, of unit length again.

    The noise of each fifty thousand is cut at random from 200,000 rows of it.
    """
    million = np.load(options.vectors / "million.npy", mmap_mode="r")
    random = np.random.default_rng(20261121)
    noise = random.standard_normal((4 * BATCH, DIMENSION), np.float32) / np.float32(np.sqrt(DIMENSION))
    out = np.lib.format.open_memmap(options.work / "many.npy", mode="w+", dtype=np.float16, shape=(MANY, DIMENSION))
    began = time.process_time()
    for start in range(0, MANY, BATCH):
        source = start % len(million)
        made = np.asarray(million[source : source + BATCH], np.float32)
        if start >= len(million):  # the first million is as it is
            first = random.integers(3 * BATCH)
            made += random.uniform(0.2, 0.5, (BATCH, 1)).astype(np.float32) * noise[first : first + BATCH]
            made /= np.sqrt(np.einsum("nd,nd->n", made, made))[:, np.newaxis]
        out[start : start + BATCH] = made
    out.flush()
    return {"seconds": time.process_time() - began}


def built_kind(kind: str, options: Any) -> dict[str, Any]:
    import faiss

    from searchkit.index import write

    faiss.omp_set_num_threads(1)
    rows = np.load(options.work / "many.npy", mmap_mode="r")
    path = options.work / f"{kind}.faiss"
    batches = ((np.arange(s, s + BATCH), rows[s : s + BATCH]) for s in range(0, len(rows), BATCH))
    began = time.process_time()
    facts = write(kind, path, batches, DIMENSION, target_recall=0.99)
    return {
        "build_s": time.process_time() - began,
        "file_bytes": path.stat().st_size,
        "ann_recall": facts.ann_recall,
        "parameters": dict(facts.parameters),
        "peak_bytes": peak_bytes(),
    }


def asked_kind(kind: str, options: Any) -> dict[str, Any]:
    """Opened anew and asked; the file is deleted, two of them are many gigabytes."""
    import faiss

    from searchkit.index import from_file

    faiss.omp_set_num_threads(1)
    path = options.work / f"{kind}.faiss"
    queries = np.load(options.vectors / "heldout.npy")[:QUERIES].astype(np.float32)
    before = anonymous_bytes()
    index = from_file(kind, path)
    for query in queries[: 1 if kind == "exact" else QUERIES]:  # what they read of the file is in memory after this
        index.search(query[np.newaxis], 10)
    cpu, wall, found = [], [], []
    for query in queries:
        began, began_wall = time.thread_time(), time.perf_counter()
        found.append(index.search(query[np.newaxis], 10).ids[0])
        cpu.append(1000 * (time.thread_time() - began))
        wall.append(1000 * (time.perf_counter() - began_wall))
    size = path.stat().st_size
    held = anonymous_bytes() - before
    if kind == "exact":
        np.save(options.work / "truth.npy", np.array(found))
    best = np.load(options.work / "truth.npy")
    recall = float(np.mean([np.isin(ten, own).mean() for own, ten in zip(found, best, strict=True)]))
    path.unlink()
    return {
        "query_ms": median(cpu),
        "wall_ms": median(wall),
        "memory_bytes": size if kind == "exact" else held,
        "recall": recall,
    }


def anonymous_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))


def peak_bytes() -> int:
    """The most memory of this process so far, mapped files included."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


STAGES = {"encode": encode, "database": database, "intake": intake, "many": many}


def note(work: Path, stage: str, found: dict[str, Any]) -> None:
    file = work / "planner.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**known, stage: found}, indent=1))
    print(stage, found, flush=True)


# --- report


def kinds_of(known: dict[str, Any]) -> dict[str, list[dict[str, float]]]:
    """The measured sizes of each kind."""
    small = json.loads((RESULTS / "index_kinds.json").read_text())["kinds"]
    kinds: dict[str, list[dict[str, float]]] = {}
    for row in small:
        if row["kind"] not in ("exact", "pq", "ivf"):
            continue
        size = row["bytes_file"] * row["count"]
        held = size if row["kind"] == "exact" else row["bytes_private"] * row["count"]
        kept = {name: row[name] for name in ("count", "build_s", "query_ms", "recall")}
        kinds.setdefault(row["kind"], []).append({**kept, "file_bytes": size, "memory_bytes": held})
    for kind, rows in kinds.items():
        large = of_many(known, kind)
        if large:
            names = ("build_s", "query_ms", "recall", "file_bytes", "memory_bytes")
            rows.append({"count": MANY, **{name: large[name] for name in names}})
    return kinds


def of_many(known: dict[str, Any], kind: str) -> dict[str, Any]:
    return {**known[f"build-{kind}"], **known[f"ask-{kind}"]} if f"ask-{kind}" in known else {}


def report(work: Path) -> None:
    from searchkit.scale.planner import on_line

    known = json.loads((work / "planner.json").read_text())
    kinds = kinds_of(known)
    compressed = known["intake"]["shard_bytes"] - 2 * DIMENSION
    tokens = known["database"]["tokens"]
    figures = {
        "machine": machine("faiss-cpu"),
        "measured": date.today().isoformat(),
        "dimension": DIMENSION,
        "kinds": kinds,
        "encode_s": known["encode"]["encode_s"],
        "query_encode_ms": known["encode"]["query_encode_ms"],
        "index_s": known["intake"]["index_s"],
        "database": known["database"]["database"],
        "shards": {"fixed_bytes": compressed / 2, "bytes_a_token": compressed / 2 / tokens},
    }
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    lines = [
        "What `searchkit plan` foretells for a size from the two measured sizes nearest to it, that size itself left",
        "out, beside what was measured. Seconds are CPU seconds of one thread.",
        "",
        "| kind | vectors | ms a query: told | measured | build s: told | measured | memory MB: told | measured |"
        " recall@10 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, rows in kinds.items():
        for row in rows:
            if row["count"] < 100_000:
                continue
            told = []
            for name, unit in (("query_ms", 1), ("build_s", 1), ("memory_bytes", 1e6)):
                others = [(other["count"], other[name]) for other in rows if other is not row]
                told.append(f"{on_line(others, row['count']) / unit:,.2f} | {row[name] / unit:,.2f}")
            lines.append(f"| {kind} | {row['count']:,.0f} | {' | '.join(told)} | {row['recall']:.4f} |")
    lines += ["", *MADE, ""]
    if missing := [kind for kind in kinds if not of_many(known, kind)]:
        lines.append(f"- {' and '.join(missing)}: not measured at {MANY:,}; the plan draws it out from a million.")
    for kind in kinds:
        large = of_many(known, kind)
        if large:
            setting = ", ".join(f"{name} {value:,}" for name, value in large["parameters"].items())
            lines.append(
                f"- {kind} at {MANY:,}: {setting or 'no setting'}; recall on its own rows when tuned "
                f"{large['ann_recall']:.4f}; the process held at most {large['peak_bytes'] / 1e9:.1f} GB while it "
                "built, pages of mapped files included."
            )
    points = "; ".join(
        f"{1 / seconds:,.0f} passages/s at {tokens:.0f} tokens" for tokens, seconds in figures["encode_s"]
    )
    lines += [
        f"- Embedding on one core: {points}; a query {figures['query_encode_ms']:.1f} ms.",
        f"- Rows and words of an index from shards: {1e6 * figures['index_s']:.0f} microseconds a passage "
        f"({known['intake']['rows']:,} passages).",
        f"- `searchkit.db`: {known['database']['whole']:.0f} bytes a passage of {tokens:.0f} tokens (100,000 of them); "
        f"a shard {known['intake']['shard_bytes']:.0f}, half of what is not the vector taken as growing with the text.",
    ]
    write_result("planner", "The capacity planner", "\n".join(lines), "faiss-cpu", "numpy", "onnxruntime")


MADE = (
    "Up to 100,000 the vectors are real sentences, the million is mostly made of them (see `index_kinds.py`); of ten",
    "million the first million is that one, the others are its vectors with noise of length 0.2 to 0.5. Queries are",
    "sentences that are not among them. The kinds at 10 million:",
)


if __name__ == "__main__":
    main()
