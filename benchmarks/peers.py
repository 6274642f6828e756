"""searchkit beside its peers: indexing documentation end to end, a question from nothing, a warm question.

    python benchmarks/peers.py --folder FOLDER --docs TREE --checkpoint CHECKPOINT [--only NAME ...]
                               [--parts index cold warm again] [--rounds 3] [--seconds 200] [--python NAME=PYTHON ...]

FOLDER gets an environment for each peer from the package index (unless --python names one that is there), the stores,
and every measurement; run the same command again and it goes on where it stopped, --report writes the result.
CHECKPOINT is a folder that sentence-transformers reads; searchkit uses an export of it (`searchkit model export`).

searchkit reads the files of TREE, cuts, encodes and indexes them, for meaning and for words. The peers read no
files: they get the same text in passages of at most 200 tokens, cut beforehand, which is not in their time, and index
them for meaning alone. Peers take turns; wall and CPU time and the peak of resident memory are those of all processes
that a command starts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from common import RESULTS, median, spread, write_result

TASKS = Path(__file__).with_name("peer_tasks.py")
TORCH = "torch==2.13.0"
REQUIREMENTS = {
    "sentence-transformers": ("sentence-transformers", "faiss-cpu"),
    "txtai": ("txtai",),
    "chroma": ("chromadb", "sentence-transformers"),
    "llm": ("llm", "llm-sentence-transformers"),
    "lancedb": ("lancedb", "sentence-transformers"),
}
OURS = "searchkit"
PASSAGE_TOKENS = 200
QUESTIONS = 50
SAMPLE_S = 0.05
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true", "ANONYMIZED_TELEMETRY": "False"}
PARTS = ("index", "again", "cold", "warm")


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies."""

    folder: Path
    docs: Path
    checkpoint: Path
    pythons: Mapping[str, str]

    @property
    def log(self) -> Path:
        return self.folder / f"measured-{self.docs.name}.jsonl"

    @property
    def passages(self) -> Path:
        return self.folder / f"passages-{self.docs.name}.json"

    @property
    def questions(self) -> Path:
        return self.folder / f"questions-{self.docs.name}.json"

    @property
    def export(self) -> Path:
        return self.folder / "export"

    def store(self, peer: str) -> Path:
        return self.folder / "stores" / f"{self.docs.name}-{peer}"

    def command(self, peer: str, task: str) -> list[str]:
        """The command line of one peer's task."""
        searchkit = str(Path(sys.executable).with_name("searchkit"))
        if peer == OURS and task in ("index", "again"):
            return [searchkit, "index", str(self.docs), "--index", str(self.store(peer)), "--model", str(self.export)]
        if peer == OURS and task == "cold":
            question = json.loads(self.questions.read_text())[0]
            return [searchkit, "query", question, "--index", str(self.store(peer))]
        done = {"cold": "query"}.get(task, task)
        places = (self.checkpoint, self.store(peer), self.passages, self.questions)
        return [self.pythons[peer], str(TASKS), peer, done, *map(str, places)]


def main() -> None:
    options = arguments()
    named = dict(pair.split("=", 1) for pair in options.python)
    pythons = {OURS: sys.executable}
    for peer in options.only:
        pythons[peer] = named.get(peer) or environment(options.folder / "environments" / peer, peer)
    bench = Bench(options.folder, options.docs.resolve(), options.checkpoint.resolve(), pythons)
    prepare(bench)
    if not options.report:
        measure(bench, options.parts, options.rounds, options.seconds)
    report(bench, options.result, options.about)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=list(REQUIREMENTS), default=list(REQUIREMENTS))
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1e9, help="Begin no measurement after so many seconds.")
    parser.add_argument("--python", nargs="*", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--report", action="store_true", help="Only write what has been measured.")
    parser.add_argument("--about", default="", help="What TREE is, for the result.")
    parser.add_argument("--result", default="peers", help="What the result is called.")
    return parser.parse_args()


def environment(folder: Path, peer: str) -> str:
    """The interpreter of the peer's environment, which is made if it is not there; torch first, its CPU build."""
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        for packages in ((TORCH,), REQUIREMENTS[peer]):
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
        ready.touch()
    return str(python)


# --- the same texts for all


def prepare(bench: Bench) -> None:
    bench.folder.mkdir(parents=True, exist_ok=True)
    if not bench.export.exists():
        command = [sys.executable, "-m", "searchkit", "model", "export", str(bench.checkpoint), str(bench.export)]
        subprocess.run(command, check=True)
    if not bench.passages.exists():
        texts, headings = read_tree(bench.docs)
        bench.passages.write_text(json.dumps(cut(texts, bench.checkpoint)))
        step = max(1, len(headings) // QUESTIONS)
        bench.questions.write_text(json.dumps(headings[::step][:QUESTIONS]))


def read_tree(docs: Path) -> tuple[list[str], list[str]]:
    """The text of each document as searchkit reads it, and their titles, which serve as questions."""
    from searchkit.documents import ReadOptions, Source, WalkOptions, read_source, walk
    from searchkit.errors import DocumentRefusedError

    texts, titles = [], []
    for source in walk(docs, prefix="", options=WalkOptions()):
        try:
            for document in read_source(source, ReadOptions()) if isinstance(source, Source) else []:
                texts.append(document.text)
                titles += [document.title] if len(document.title.split()) > 2 else []
        except DocumentRefusedError:
            continue
    return texts, sorted(set(titles))


def cut(texts: Sequence[str], checkpoint: Path) -> list[str]:
    """Runs of whole words of at most 200 tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [passage for text in texts for passage in _passages(text, tokenizer) if passage.strip()]


def _passages(text: str, tokenizer: Any) -> Iterator[str]:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    begins = [
        place for place, word in enumerate(encoding.word_ids) if place == 0 or word != encoding.word_ids[place - 1]
    ]
    start = 0
    for begin, end in zip(begins, [*begins[1:], len(encoding.ids)], strict=True):
        if end - start > PASSAGE_TOKENS and begin > start:
            yield text[encoding.offsets[start][0] : encoding.offsets[begin - 1][1]]
            start = begin
    if len(encoding.ids) > start:
        yield text[encoding.offsets[start][0] :]


# --- measuring


def measure(bench: Bench, parts: Sequence[str], rounds: int, seconds: float) -> None:
    """What is still missing, a round of all parts and peers at a time."""
    began = time.monotonic()
    have = {(row["part"], row["peer"], row["round"]) for row in measurements(bench)}
    for number, part, peer in product(range(rounds), parts, bench.pythons):
        if (part, peer, number) in have or (part == "again" and peer != OURS):
            continue
        if time.monotonic() - began > seconds:
            return
        try:
            note(bench, {"part": part, "peer": peer, "round": number, **one(bench, peer, part)})
        except RuntimeError as error:
            print(error, file=sys.stderr)


def one(bench: Bench, peer: str, part: str) -> dict[str, Any]:
    store = bench.store(peer)
    if part == "index":
        shutil.rmtree(store, ignore_errors=True)
        store.parent.mkdir(exist_ok=True)
    if part in ("again", "cold"):  # the first reads the files into memory, and times too young to be trusted
        process(bench.command(peer, part))
    found = process(bench.command(peer, part))
    if part == "warm":
        found = {"query_ms": json.loads(found["output"])[5:], "peak_mb": found["peak_mb"]}
    if part == "index":
        found["store_mb"] = sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) / 1e6
    found.pop("output", None)
    return found


def process(command: Sequence[str]) -> dict[str, Any]:
    """Wall and CPU seconds, the peak of the resident memory of the whole tree in MB, and what was printed."""
    began = time.perf_counter()
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **OFFLINE}
    )
    peaks: list[float] = []
    watching = threading.Thread(target=watch, args=(running, peaks), daemon=True)
    before = os.times()
    watching.start()
    output, errors = running.communicate()
    wall = time.perf_counter() - began
    watching.join()
    after = os.times()
    if running.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}: {errors[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": wall, "cpu_s": cpu, "peak_mb": max(peaks), "output": output}


def watch(running: subprocess.Popen[str], peaks: list[float]) -> None:
    peaks.append(0.0)
    while running.poll() is None:
        peaks.append(tree_mb(running.pid))
        time.sleep(SAMPLE_S)


def tree_mb(root: int) -> float:
    """Resident memory of a process and all below it; pages that two of them share count twice."""
    kilobytes, pending = 0, [root]
    while pending:
        pid = pending.pop()
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            pending += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except (OSError, ValueError):
            continue
        kilobytes += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    return kilobytes / 1024


def note(bench: Bench, row: dict[str, Any]) -> None:
    with bench.log.open("a") as log:
        log.write(json.dumps(row) + "\n")


def measurements(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bench.log.read_text().splitlines()] if bench.log.exists() else []


# --- the result


def report(bench: Bench, name: str, about: str) -> None:
    """Markdown with a table a part, and a plot."""
    rows = measurements(bench)
    by: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by[row["part"], row["peer"]].append(row)
    sections = [corpus(bench, about), *_tables(by)]
    packages = ("onnxruntime", "faiss-cpu", "tokenizers")
    write_result(name, "Beside the peers", "\n".join([*sections, "", versions(bench)]), *packages)
    plot(by, name)


def corpus(bench: Bench, about: str) -> str:
    files = [path for path in bench.docs.rglob("*") if path.is_file()]
    passages = json.loads(bench.passages.read_text())
    size = sum(path.stat().st_size for path in files) / 1e6
    return (
        f"Documents: {about or bench.docs.name}, {len(files):,} files, {size:.1f} MB; the peers get"
        f" {len(passages):,} passages of at most {PASSAGE_TOKENS} tokens,"
        f" {sum(map(len, passages)) / 1e6:.1f} million characters. Checkpoint: {checkpoint_name(bench)}."
        " Median [least-greatest]; the number of runs is in the table."
    )


def checkpoint_name(bench: Bench) -> str:
    name: str = json.loads((bench.export / "searchkit.json").read_text())["name"]
    return name


def _tables(by: Mapping[tuple[str, str], list[dict[str, Any]]]) -> Iterator[str]:
    titles = {
        "index": "Index the tree, from files or passages to a saved index, whole process",
        "again": "Index again, nothing changed, whole process",
        "cold": "One question from nothing, whole process",
    }
    for part, title in titles.items():
        if any(key[0] == part for key in by):
            yield from ("", f"## {title}", "", "| | runs | wall s | times searchkit | cpu s | peak MB | store MB |")
            yield "|---|---|---|---|---|---|---|"
            yield from _rows(part, by)
    if any(key[0] == "warm" for key in by):
        yield from ("", "## A question in a process that is open", "", "| | runs | median ms | p95 ms | peak MB |")
        yield "|---|---|---|---|---|"
        for (part, peer), own in by.items():
            if part == "warm":
                spent = [value for row in own for value in row["query_ms"]]
                p95 = statistics.quantiles(spent, n=20)[-1]
                peak = median([row["peak_mb"] for row in own])
                yield f"| {peer} | {len(own)} | {median(spent):.1f} | {p95:.1f} | {peak:.0f} |"


def _rows(part: str, by: Mapping[tuple[str, str], list[dict[str, Any]]]) -> Iterator[str]:
    ours = by.get((part, OURS), [])
    for (own_part, peer), own in by.items():
        if own_part != part:
            continue
        walls, cpus = [row["wall_s"] for row in own], [row["cpu_s"] for row in own]
        ratio = f"{median(walls) / median([row['wall_s'] for row in ours]):.1f}" if ours else ""
        store = f"{own[0]['store_mb']:.1f}" if "store_mb" in own[0] else ""
        peak = spread([row["peak_mb"] for row in own], 0)
        yield f"| {peer} | {len(own)} | {spread(walls)} | {ratio} | {spread(cpus)} | {peak} | {store} |"


def versions(bench: Bench) -> str:
    """What each environment has installed."""
    ask = (
        "import json,sys; from importlib.metadata import distributions\n"
        "print(json.dumps({d.name.lower(): d.version for d in distributions()}))"
    )
    lines = []
    for peer, python in bench.pythons.items():
        if peer != OURS:
            found = json.loads(subprocess.run([python, "-c", ask], capture_output=True, check=True).stdout)
            shown = (*REQUIREMENTS[peer], "sentence-transformers", "transformers", "torch")
            lines.append(f"- {peer}: " + ", ".join(f"{name} {found.get(name, '?')}" for name in dict.fromkeys(shown)))
    return "\n".join(["Versions:", "", *lines])


def plot(by: Mapping[tuple[str, str], list[dict[str, Any]]], name: str) -> None:
    """Wall time and memory a peer, a panel a part, if matplotlib is there."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    panels = [
        ("index", "wall_s", "s to index"),
        ("index", "peak_mb", "MB peak, indexing"),
        ("cold", "wall_s", "s, cold"),
    ]
    panels = [panel for panel in panels if any(key[0] == panel[0] for key in by)]
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3), squeeze=False)
    for axis, (part, key, label) in zip(axes[0], panels, strict=True):
        own = {peer: [row[key] for row in rows] for (of, peer), rows in by.items() if of == part}
        values = [median(found) for found in own.values()]
        colours = ["tab:orange" if peer == OURS else "tab:blue" for peer in own]
        bars = axis.barh(list(own), values, color=colours)
        axis.bar_label(bars, fmt="%.3g", padding=2, fontsize=8)
        axis.set(xlabel=label, xlim=(0, 1.2 * max(values)))
        axis.invert_yaxis()
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
