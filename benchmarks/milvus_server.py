"""An index pushed to a real Milvus server that is killed half-way, and both asked the same.

    python benchmarks/milvus_server.py --index FOLDER --work FOLDER [STAGE ...]

``--index`` is one of a file passages.jsonl. Stages, each of which adds to FOLDER/milvus.json:

    index     a copy of it with some documents more, exact
    push      pushed; the server is killed (SIGKILL) half-way and started again, and the push as well
    ask       questions with and without filters, to the server and to the index: hits, recall, milliseconds
    sync      documents deleted, changed and added; pushed with --sync; asked again; killed and started once more
    report    write results/milvus.md

The server is the one of PyPI, `pip install milvus==2.3.5` (Linux), in a process group of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import median, write_result

from searchkit import Document, SearchEngine
from searchkit.errors import SearchkitError
from searchkit.scale.milvus import Address
from searchkit.scale.milvus.push import PushOptions, push
from searchkit.scale.milvus.server import Collection
from searchkit.scale.milvus.waiting import await_indexed, await_loaded

if TYPE_CHECKING:
    from searchkit.search.reports import Progress
    from searchkit.types import Rows

QUESTIONS, K = 200, 10
PORT = 29530
LEASE_S = 70  # a server that comes back sooner meets the names that the killed one left, and may never answer
LOADED_S = 900.0
ADDRESS = Address.of(f"http://127.0.0.1:{PORT}", "bench")
STAGES = ("index", "push", "ask", "sync", "report")
FILTERS = ("source = 'books'", "year >= 2010", "source != 'books' AND year < 2000", "number BETWEEN 500 AND 900")
EXTRA, DELETED, CHANGED, ADDED = 500, 700, 400, 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("stages", nargs="*")
    options = parser.parse_args()
    stages = options.stages or STAGES
    if "index" in stages:
        copied(options.index, options.work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server ends with this
    with SearchEngine.open(options.work / "index") as engine:
        texts = [chunk.text for chunk in islice(engine.iter_chunks(), 20 * QUESTIONS)]
        bench = Bench(engine, options.work, questions_of(texts))
        if "index" in stages:
            engine.rebuild(kind="exact")
            engine.add(documents(bench, range(EXTRA), 2025))
        for stage, run in (("push", pushed), ("ask", asked), ("sync", synced)):
            if stage in stages or (stage == "push" and set(stages) & {"ask", "sync"} and not known(options.work)):
                note(options.work, stage, run(bench))
    if "report" in stages:
        report(options.work)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every stage needs: the index here, a folder to work in, questions."""

    engine: SearchEngine
    work: Path
    questions: list[str]

    def remote(self) -> SearchEngine:
        return SearchEngine.open(str(ADDRESS), encoder=self.engine.encoder)


def copied(index: Path, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copytree(index, work / "index")


def documents(bench: Bench, numbers: Iterable[int], year: int) -> list[Document]:
    """New ones, or others in the place of those with the same number."""
    return [
        Document(
            f"extra-{n}",
            f"{bench.questions[n % QUESTIONS]}, number {n} of {year}",
            metadata={"year": year, "source": "later", "number": n},
        )
        for n in numbers
    ]


def questions_of(texts: Sequence[str]) -> list[str]:
    """The beginnings of two passages each, which together are no passage."""
    places = range(0, len(texts), len(texts) // QUESTIONS)
    return [" ".join(texts[n].split()[:6] + texts[n + 1].split()[:6]) for n in places][:QUESTIONS]


# --- the server


@contextmanager
def server(work: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Started on the data that an earlier one left; killed in the end, with what it started."""
    program = Path(sys.executable).with_name("milvus-server")
    command = [str(program), "--data", str(work / "server"), "--proxy-port", str(PORT)]
    if (work / "server").exists():
        time.sleep(LEASE_S)
    with (work / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        answers(process)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(process: subprocess.Popen[bytes], seconds: float = 300) -> None:
    """Wait until it does."""
    from searchkit.scale.milvus.server import Collection

    end = time.monotonic() + seconds
    while True:
        try:
            Collection(ADDRESS).close()
            return
        except SearchkitError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(1)


# --- stages


def pushed(bench: Bench) -> dict[str, Any]:
    """Half of it, a kill, a new server, the rest."""
    engine = bench.engine
    count = engine.status().chunks
    acknowledged = 0
    with server(bench.work) as process:

        def tell(progress: Progress) -> None:
            nonlocal acknowledged
            acknowledged = progress.done
            if progress.done >= count // 2:
                kill(process)

        began = time.perf_counter()
        said = refused(lambda: push(engine, ADDRESS, PushOptions(), tell))
        first_s = time.perf_counter() - began
    with server(bench.work):
        with bench.remote() as half:
            half_said = refused(lambda: half.search("x", mode="dense"))
        began = time.perf_counter()
        report = push(engine, ADDRESS, PushOptions())
        second_s = time.perf_counter() - began
    assert report.chunks == count
    return {
        "chunks": count,
        "acknowledged": acknowledged,
        "said": said,
        "half_said": half_said,
        "first_s": first_s,
        "second_s": second_s,
        "sent": report.sent,
        "server": report.server,
        "kind": report.kind,
    }


def refused(call: Callable[[], object]) -> str:
    """What the error says that this raises."""
    try:
        call()
    except SearchkitError as error:
        return str(error)
    raise SystemExit("this should have been refused")


def asked(bench: Bench) -> dict[str, Any]:
    with server(bench.work), bench.remote() as there:
        wait_searched(there, known(bench.work)["push"]["kind"])
        return compared(bench, there)


def compared(bench: Bench, there: SearchEngine) -> dict[str, Any]:
    """The same questions to both: by embedding, without a filter and with each; and whole answers."""
    engine = bench.engine
    queries = engine.encoder.encode_queries(bench.questions)
    found: dict[str, Any] = {"": both(engine, there, queries)}
    for where in FILTERS:
        counts = [one.ask("x", mode="dense", where=where).allowed for one in (engine, there)]
        assert counts[0] == counts[1], (where, counts)
        found[where] = {**both(engine, there, queries[:50], where=where), "allowed": counts[0]}
    options: dict[str, Any] = {"mode": "dense", "explain": True, "context": 1}
    some = bench.questions[:50]
    whole = sum(engine.ask(text, **options).hits == there.ask(text, **options).hits for text in some)
    return {"asked": found, "whole": [whole, len(some)]}


def both(engine: SearchEngine, there: SearchEngine, queries: Rows, **options: Any) -> dict[str, Any]:
    """ann_recall@10 against the exact search here, how many lists of hits are the same, and milliseconds of each."""
    recalls, same, here_ms, there_ms = [], 0, [], []
    for query in queries:
        began = time.perf_counter()
        expected = engine.search_embedding(query, K, **options)
        between = time.perf_counter()
        hits = there.search_embedding(query, K, **options)
        there_ms.append(1000 * (time.perf_counter() - between))
        here_ms.append(1000 * (between - began))
        best = {hit.chunk_id: replace(hit, rank=1) for hit in expected}
        own = {hit.chunk_id: replace(hit, rank=1) for hit in hits}
        assert all(best[key] == own[key] for key in best.keys() & own.keys())  # score, text, metadata
        recalls.append(len(best.keys() & own.keys()) / max(1, len(best)))
        same += hits == expected
    return {
        "queries": len(queries),
        "recall": float(np.mean(recalls)),
        "same": same,
        "here_ms": median(here_ms),
        "there_ms": median(there_ms),
    }


def synced(bench: Bench) -> dict[str, Any]:
    engine = bench.engine
    count = known(bench.work)["push"]["chunks"]
    names = [f"passages.jsonl#{n}" for n in range(1, 100 * DELETED, 100)]
    expected = count - DELETED + ADDED
    if engine.status().chunks == count:  # not so where this stage was cut off
        assert engine.delete(names) == DELETED
        engine.add(documents(bench, [*range(CHANGED), *range(EXTRA, EXTRA + ADDED)], 2026))
    assert engine.status().chunks == expected
    with server(bench.work):
        said = refused(lambda: push(engine, ADDRESS, PushOptions()))
        began = time.perf_counter()
        report = push(engine, ADDRESS, PushOptions(sync=True))
        seconds = time.perf_counter() - began
    with server(bench.work), bench.remote() as there:  # another one, after a kill
        wait_searched(there, report.kind)
        again = push(engine, ADDRESS, PushOptions(sync=True))
        assert (report.chunks, again.chunks) == (expected, expected)
        shown = {hit.doc_id for text in bench.questions for hit in there.search(text, 20, mode="dense")}
        assert not shown & set(names)
        found = compared(bench, there)
    return {
        "said": said,
        "seconds": seconds,
        "sent": report.sent,
        "deleted": report.deleted,
        "chunks": again.chunks,
        "again": [again.sent, again.deleted],
        **found,
    }


def wait_searched(there: SearchEngine, kind: str) -> None:
    """Until a server that was started again has loaded everything, and searches it by the index that was asked for.

    Before, it counts every row and answers all the same, from an index of its own for the meantime (128 cells, of which
    it looks into 16), which finds fewer of the nearest, above all behind a filter.
    """
    collection = Collection(ADDRESS)
    try:
        await_loaded(collection)
    finally:
        collection.close()
    if not await_indexed(ADDRESS, kind, there.status().chunks, LOADED_S).is_done:
        raise SystemExit(f"the server does not search everything by its index after {LOADED_S:.0f} s")


def note(work: Path, stage: str, found: dict[str, Any]) -> None:
    (work / "milvus.json").write_text(json.dumps({**known(work), stage: found}, indent=1))
    print(stage, json.dumps(found, indent=1), flush=True)


def known(work: Path) -> dict[str, Any]:
    """What earlier stages found."""
    file = work / "milvus.json"
    return json.loads(file.read_text()) if file.exists() else {}


# --- report


def report(work: Path) -> None:
    first, second, later = (known(work)[stage] for stage in ("push", "ask", "sync"))
    lines = [
        f"Milvus {first['server']} standalone (PyPI `milvus`), pymilvus, index {first['kind']}, one shard, on the same",
        f"machine as the index here, which is exact. {first['chunks']:,} passages of one sentence.",
        "",
        "## Pushed, with the server killed half-way",
        "",
        f"- The server was killed (SIGKILL) when {first['acknowledged']:,} chunks were acknowledged, "
        f'{first["first_s"]:.0f} s after the start. The push ended with: "{first["said"]}".',
        f'- A search of what was there then: "{first["half_said"]}".',
        f"- The same push, with the server started again: {first['sent']:,} chunks sent, {first['chunks']:,} held as "
        f"the server counts, {first['second_s']:.0f} s.",
        "",
        "## The same questions to both",
        "",
        f"{QUESTIONS} questions, 50 with a filter; ann_recall@{K} against the exact search here. A hit that both",
        "have is the same in score, text and metadata (asserted). Times are wall-clock medians of single searches by",
        "embedding.",
        "",
        *table(second),
        "",
        f"Whole answers by text with explanation and context: {second['whole'][0]} of {second['whole'][1]} the same.",
        "",
        "## Later changes",
        "",
        f"{DELETED} documents deleted, {CHANGED} changed, {ADDED} added, then `--sync`: {later['sent']:,} chunks sent,",
        f"{later['deleted']:,} deleted, {later['chunks']:,} held, {later['seconds']:.0f} s. Without `--sync`: ",
        f'"{later["said"]}".',
        "The server was killed and started again; another `--sync` sent "
        f"{later['again'][0]} and deleted {later['again'][1]}. What was deleted is not among the 20 hits of any",
        "question.",
        "",
        *table(later),
        "",
        f"Whole answers: {later['whole'][0]} of {later['whole'][1]} the same.",
    ]
    write_result("milvus", "An index served by Milvus", "\n".join(lines), "milvus", "pymilvus", "faiss-cpu")


def table(found: dict[str, Any]) -> list[str]:
    lines = [
        "| filter | chunks it allows | ann_recall@10 | all ten the same | ms here (exact) | ms Milvus |",
        "|---|---|---|---|---|---|",
    ]
    for where, row in found["asked"].items():
        allowed = f"{row['allowed']:,}, by both" if where else ""
        name = f"`{where}`" if where else "none"
        lines.append(
            f"| {name} | {allowed} | {row['recall']:.4f} | {row['same']} of {row['queries']} | {row['here_ms']:.1f} "
            f"| {row['there_ms']:.1f} |"
        )
    return lines


if __name__ == "__main__":
    main()
