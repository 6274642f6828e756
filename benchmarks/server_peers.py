"""Throughput of our server beside txtai's and Chroma's: the same texts, rows, checkpoint and questions.

    python benchmarks/server_peers.py --passages FILE --rows FILE --queries FILE --work FOLDER \\
        --txtai PYTHON --chroma PYTHON [--index FOLDER] [--count 100000] [--seconds 10] [--rounds 3]

PYTHON is that of an environment of its own with ``txtai[api]`` and sentence-transformers, or with ``chromadb``. FILE of
passages: JSON Lines with `id` and `text`, each short enough to be one chunk; FILE of rows: theirs by the bundled
checkpoint (.npy), so that nothing is embedded twice; FILE of questions: one a line. What is indexed is kept in the
folder and found again; --index names an index of ours that is there already.

32 connections, each of which asks again as soon as it is answered, ten hits with their texts. The servers of ours and
of txtai get text and encode it. Chroma's gets vectors, so its client encodes (benchmarks/chroma_server.py). All servers
run all the time; the rounds go from one to the next, so that each meets the same machine. Chroma's load has 32 threads
that compute, ours and txtai's do not: where other work shares the processors, that gives Chroma a larger share of them,
so only a machine with nothing else to do is fair (or chrt -f 10, which all of them inherit).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from common import ROOT, write_result
from precomputed import open_index
from server import CONNECTIONS, Outcome, run_load, served, wait_until

BUNDLED = ROOT / "searchkit" / "encoder" / "bundled" / "default"
HERE = Path(__file__).parent
OURS, TXTAI, CHROMA = "searchkit", "txtai", "Chroma"
BY_MEANING = "searchkit, --mode dense"
PORTS = {OURS: 8770, TXTAI: 8780, CHROMA: 8781}
WARM_UP_S = 3.0


@dataclass(slots=True)
class Given:
    """The files that all are made from, cut to as many passages as were asked for."""

    passages: Path
    rows: Path
    queries: Path
    work: Path


@dataclass(slots=True)
class Entrant:
    """One server: how it is asked for so many seconds, and what came of each round."""

    name: str
    ask: Callable[[float, int], Outcome]
    rounds: list[Outcome] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(one.rate for one in self.rounds)


def cut(options: argparse.Namespace) -> Given:
    """The first ``count`` passages and rows, in files of their own."""
    options.work.mkdir(parents=True, exist_ok=True)
    passages, rows = options.work / "passages.jsonl", options.work / "rows.npy"
    with options.passages.open(encoding="utf-8") as lines:
        passages.write_text("".join(islice(lines, options.count)), encoding="utf-8")
    np.save(rows, np.load(options.rows, mmap_mode="r")[: options.count])
    return Given(passages, rows, options.queries, options.work)


@contextlib.contextmanager
def ours(given: Given, index: Path | None) -> Iterator[list[Entrant]]:
    """The server as it is, which looks at words as well, and by meaning alone, as the others do."""
    folder = index or given.work / "searchkit"
    if not folder.exists():
        with given.passages.open(encoding="utf-8") as lines:
            passages = [json.loads(line) for line in lines]
        with open_index(folder, passages, np.load(given.rows)) as engine:
            engine.compact()
    with served(folder, PORTS[OURS], None, "a-token-of-some-length"):
        both = ["--queries", str(given.queries)]
        dense = [*both, "--path", "/search?k=10&mode=dense&q="]
        yield [
            Entrant(OURS, lambda seconds, skip: run_load(PORTS[OURS], seconds, None, skip, both)),
            Entrant(BY_MEANING, lambda seconds, skip: run_load(PORTS[OURS], seconds, None, skip, dense)),
        ]


@contextlib.contextmanager
def txtai(given: Given, python: str) -> Iterator[Entrant]:
    work = given.work / "txtai"
    command = [python, str(HERE / "txtai_server.py"), "--passages", str(given.passages), "--rows", str(given.rows)]
    command += ["--model", str(BUNDLED), "--work", str(work), "--port", str(PORTS[TXTAI])]
    subprocess.run([*command, "--build"], check=True)
    more = ["--queries", str(given.queries), "--path", "/search?limit=10&query="]
    with running(command, f"http://127.0.0.1:{PORTS[TXTAI]}/count"):
        yield Entrant(TXTAI, lambda seconds, skip: run_load(PORTS[TXTAI], seconds, None, skip, more))


@contextlib.contextmanager
def chroma(given: Given, python: str) -> Iterator[Entrant]:
    work, script = given.work / "chroma", str(HERE / "chroma_server.py")
    if not work.exists():
        build = ["build", "--passages", str(given.passages), "--rows", str(given.rows), "--work", str(work)]
        subprocess.run([python, script, *build], check=True)
    serve = [str(Path(python).with_name("chroma")), "run", "--path", str(work), "--port", str(PORTS[CHROMA])]

    def ask(seconds: float, skip: int) -> Outcome:
        load = ["load", "--model", str(BUNDLED), "--queries", str(given.queries), "--port", str(PORTS[CHROMA])]
        load += ["--seconds", str(seconds), "--skip", str(skip)]
        told = json.loads(subprocess.run([python, script, *load], check=True, stdout=subprocess.PIPE).stdout)
        return Outcome.of(told["latencies"], told["errors"], told["seconds"])

    with running(serve, f"http://127.0.0.1:{PORTS[CHROMA]}/api/v2/heartbeat"):
        yield Entrant(CHROMA, ask)


@contextlib.contextmanager
def running(command: list[str], address: str) -> Iterator[None]:
    """A process that serves, once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)

    try:
        wait_until(answers, 300)
        yield
    finally:
        process.terminate()
        process.wait()


def best_of(entrant: str, question: str) -> str:
    """The best text of a server that is asked by text, to see that both found the same."""
    path = "/search?limit=1&query=" if entrant == TXTAI else "/search?mode=dense&k=1&q="
    address = f"http://127.0.0.1:{PORTS[entrant]}{path}{urllib.parse.quote(question)}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        told = json.load(answer)
    return str(told[0]["text"] if entrant == TXTAI else told["hits"][0]["text"])


def report(entrants: list[Entrant], options: argparse.Namespace, agreement: str) -> None:
    mine = next(one for one in entrants if one.name == OURS)
    lines = [
        f"{options.count:,} texts of one chunk; {CONNECTIONS} connections, each asking again when it is answered; "
        f"{options.rounds} rounds of {options.seconds:g} s, interleaved, medians of them.{agreement}",
        "",
        "| server | queries/s | ours, times | p50 ms | p99 ms | answered | errors | of each round |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for one in entrants:
        ratios = [ours.rate / theirs.rate for ours, theirs in zip(mine.rounds, one.rounds, strict=True)]
        lines.append(
            f"| {one.name} | {one.rate:.1f} | {statistics.median(ratios):.2f} "
            f"| {statistics.median(each.p50 for each in one.rounds):.0f} "
            f"| {statistics.median(each.p99 for each in one.rounds):.0f} "
            f"| {sum(each.answered for each in one.rounds)} | {sum(each.errors for each in one.rounds)} "
            f"| {', '.join(f'{each.rate:.1f}' for each in one.rounds)} |"
        )
    lines += ["", "Chroma's client encodes, since its server takes vectors; the others' servers do."]
    write_result("server_peers", "The HTTP server beside others", "\n".join(lines), "uvicorn", "onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--passages", "--rows", "--queries", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--txtai", help="its environment's Python")
    parser.add_argument("--chroma", help="its environment's Python")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    given = cut(options)
    with contextlib.ExitStack() as stack:
        entrants = list(stack.enter_context(ours(given, options.index)))
        entrants += [stack.enter_context(txtai(given, options.txtai))] if options.txtai else []
        entrants += [stack.enter_context(chroma(given, options.chroma))] if options.chroma else []
        agreement = ""
        if options.txtai:
            some = given.queries.read_text(encoding="utf-8").splitlines()[:50]
            same = sum(best_of(OURS, question) == best_of(TXTAI, question) for question in some)
            agreement = f" Of {len(some)} questions, the best text by cosine is the same as txtai's for {same}."
        for one in entrants:
            one.ask(WARM_UP_S, 0)
        for number in range(options.rounds):
            for one in entrants:
                one.rounds.append(one.ask(options.seconds, 1000 + 2000 * number))
                print(one.name, f"{one.rounds[-1].rate:.1f}", file=sys.stderr, flush=True)
    report(entrants, options, agreement)


if __name__ == "__main__":
    main()
