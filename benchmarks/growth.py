"""From a thousand chunks to a million: building, a question from nothing, small changes, questions in an open engine.

    python benchmarks/growth.py FOLDER [--sizes 1000 5000 10000 100000 1000000] [--rounds 7] [STAGE ...]

Stages, each of which writes to FOLDER/growth.json: ``build``, ``cold``, ``change``, ``warm``, and ``report``, which
writes results/growth.md and a plot. FOLDER has ``passages.jsonl`` (id, text, source, number, year) and ``rows.npy``,
a unit row a passage, (N, D) float16 or float32, so that nothing but questions is encoded. The rows of
results/growth.md are those of `index_kinds.py`: 100,000 real ones, the others made from them; the texts are real
sentences.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from common import RESULTS, interleaved, median, peak_mb, spread, write_result
from precomputed import KnownRows, open_index, read_passages

from searchkit import SearchEngine

STAGES = ("build", "cold", "change", "warm")
SIZES = (1_000, 5_000, 10_000, 100_000, 1_000_000)
MODES = ("hybrid", "dense", "lexical")
WAYS: dict[str, dict[str, Any]] = {
    **{mode: {"mode": mode} for mode in MODES},
    "hybrid, filtered": {"mode": "hybrid", "where": "year >= 2010"},
}
QUESTIONS = (
    "how does a storm begin at sea",
    "treatment of high blood pressure in children",
    "which command lists the files of a folder",
    "the old man refused to leave his house",
    "what did the president say about taxes",
    "a gene that causes deafness",
    "she laughed and closed the window",
    "how to merge two branches",
    "the price of oil rose again",
    "a film that is too long",
)
CHANGED = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("stages", nargs="*")
    options = parser.parse_args()
    done: dict[str, Callable[[Any], dict[str, Any]]] = {"build": build, "cold": cold, "change": change, "warm": warm}
    for stage in options.stages or (*STAGES, "report"):
        if stage == "report":
            report(options)
        else:
            note(options.folder, stage, done[stage](options))


def note(folder: Path, stage: str, found: dict[str, Any]) -> None:
    path = folder / "growth.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, stage: found}, indent=1) + "\n")
    print(stage, json.dumps(found), flush=True)


def place(options: Any, count: int) -> Path:
    return Path(options.folder / f"index-{count}")


def build(options: Any) -> dict[str, Any]:
    """Each index by `SearchEngine.add` and `rebuild`, in a process of its own, whose peak of memory is told."""
    found: dict[str, Any] = {}
    for count in options.sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
            found[str(count)] = processes.submit(build_one, options.folder, place(options, count), count).result()
        print(count, found[str(count)], flush=True)
    return found


def build_one(given: Path, folder: Path, count: int) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    passages, rows = read_passages(given, count)
    began = time.perf_counter()
    with open_index(folder, passages, rows) as engine:
        added = time.perf_counter()
        engine.rebuild()
        rebuilt = time.perf_counter()
        status = engine.status()
    return {
        "add_s": added - began,
        "rebuild_s": rebuilt - added,
        "kind": str(status.index_kind),
        "disk_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6,
        "peak_mb": peak_mb(),
    }


def cold(options: Any) -> dict[str, Any]:
    """The whole process of one question, at all sizes in turn."""
    searchkit = str(Path(sys.executable).with_name("searchkit"))
    commands = {
        f"{mode} {count}": [searchkit, "query", QUESTIONS[0], "--mode", mode, "--index", str(place(options, count))]
        for mode in MODES
        for count in options.sizes
    }
    costs = interleaved(commands, rounds=options.rounds, env={"HF_HUB_OFFLINE": "1"})
    return {
        name: {"wall_s": [one.wall_s for one in own], "peak_mb": median([one.peak_mb for one in own])}
        for name, own in costs.items()
    }


def change(options: Any) -> dict[str, Any]:
    """100 passages added, changed and removed, at all sizes in turn; their rows are known."""
    spare = list(fresh(options.folder))
    engines = {count: opened(options, count, spare) for count in options.sizes}
    found: dict[str, dict[str, list[float]]] = {
        str(count): {"add_s": [], "change_s": [], "remove_s": []} for count in engines
    }
    for _ in range(options.rounds):
        for count, engine in engines.items():
            for what, do in doings(engine, spare).items():
                began = time.perf_counter()
                do()
                found[str(count)][what].append(time.perf_counter() - began)
    for engine in engines.values():
        engine.close()
    return found


def fresh(folder: Path) -> Iterator[dict[str, Any]]:
    """Passages that are in no index: the first ones, said otherwise."""
    with (folder / "passages.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(islice(lines, 2 * CHANGED)):
            yield {"id": f"new-{number % CHANGED}", "text": f"Again: {json.loads(line)['text']}"}


def opened(options: Any, count: int, spare: list[dict[str, Any]]) -> SearchEngine:
    _, rows = read_passages(options.folder, len(spare))
    encoder = KnownRows([passage["text"] for passage in spare], rows)
    return SearchEngine.open(place(options, count), encoder=encoder)


def doings(engine: SearchEngine, spare: list[dict[str, Any]]) -> dict[str, Callable[[], object]]:
    return {
        "add_s": lambda: engine.add(spare[:CHANGED]),
        "change_s": lambda: engine.add(spare[CHANGED:]),
        "remove_s": lambda: engine.delete([passage["id"] for passage in spare[:CHANGED]]),
    }


def warm(options: Any) -> dict[str, Any]:
    """Questions to open engines, by mode, and with a filter that a third of the documents pass."""
    engines = {count: SearchEngine.open(place(options, count)) for count in options.sizes}
    found: dict[str, list[float]] = {f"{way} {count}": [] for way in WAYS for count in engines}
    first: dict[str, float] = {}
    for number in range(options.rounds):
        for question in QUESTIONS:
            for way, chosen in WAYS.items():
                for count, engine in engines.items():
                    began = time.perf_counter()
                    engine.search(question, k=10, **chosen)
                    spent = 1000 * (time.perf_counter() - began)
                    first.setdefault(f"{way} {count}", spent)
                    found[f"{way} {count}"].append(spent)
        print("round", number, flush=True)
    for engine in engines.values():
        engine.close()
    return {name: {"ms": values, "first_ms": first[name]} for name, values in found.items()}


def report(options: Any) -> None:
    known = json.loads((options.folder / "growth.json").read_text())
    lines = [
        "## Building",
        "",
        "Rows are given, so nothing is encoded; the passages and a table of their rows lie in memory with what is",
        "built of them. Wall time.",
        "",
        "| chunks | kind | add s | a chunk, ms | rebuild s | disk MB | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for count in options.sizes:
        one = known["build"][str(count)]
        cells = (one["add_s"], 1000 * one["add_s"] / count, one["rebuild_s"], one["disk_mb"], one["peak_mb"])
        lines.append(f"| {count:,} | {one['kind']} | {' | '.join(f'{cell:,.2f}' for cell in cells)} |")
    lines += ["", "## A question from nothing, whole process, seconds", ""]
    lines += [f"{options.rounds} interleaved rounds after one not counted, median [least-greatest]; peak MB.", ""]
    lines += table(MODES, options.sizes, lambda mode, count: cold_cell(known["cold"][f"{mode} {count}"]))
    lines += ["", f"## {CHANGED} passages, seconds, rows given", ""]
    changes = {"added": "add_s", "changed": "change_s", "removed": "remove_s"}
    lines += table(changes, options.sizes, lambda name, count: spread(known["change"][str(count)][changes[name]], 3))
    lines += ["", "## A question to an open engine, milliseconds, encoding included", ""]
    lines += [f"{len(QUESTIONS) * options.rounds} questions each, in turn; after the bar the first one.", ""]
    lines += table(WAYS, options.sizes, lambda way, count: warm_cell(known["warm"][f"{way} {count}"]))
    write_result("growth", "From a thousand chunks to a million", "\n".join(lines), "onnxruntime", "faiss-cpu")
    plot(known, options.sizes)


def table(names: Iterable[str], sizes: Sequence[int], cell: Callable[[str, int], str]) -> Iterator[str]:
    """A row a size, a column a name."""
    names = list(names)
    yield f"| chunks | {' | '.join(names)} |"
    yield "|---" * (len(names) + 1) + "|"
    for count in sizes:
        yield f"| {count:,} | {' | '.join(cell(name, count) for name in names)} |"


def cold_cell(found: dict[str, Any]) -> str:
    return f"{spread(found['wall_s'])}; {found['peak_mb']:.0f}"


def warm_cell(found: dict[str, Any]) -> str:
    return f"{spread(found['ms'], 1)} / {found['first_ms']:.0f}"


def plot(known: dict[str, Any], sizes: Sequence[int]) -> None:
    """Time, memory, disk and latency against the number of chunks, both axes in powers of ten."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    built = [known["build"][str(count)] for count in sizes]
    panels: dict[str, dict[str, list[float]]] = {
        "s to build, rows given": {
            "add": [one["add_s"] for one in built],
            "rebuild": [one["rebuild_s"] for one in built],
        },
        "MB": {"disk": [one["disk_mb"] for one in built], "peak memory, building": [one["peak_mb"] for one in built]},
        "s, cold": {mode: [median(known["cold"][f"{mode} {count}"]["wall_s"]) for count in sizes] for mode in MODES},
        "ms, open engine": {
            mode: [median(known["warm"][f"{mode} {count}"]["ms"]) for count in sizes] for mode in MODES
        },
    }
    panels["MB"] |= {"peak memory, a cold question": [known["cold"][f"hybrid {count}"]["peak_mb"] for count in sizes]}
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3.4))
    for axis, (label, lines) in zip(axes, panels.items(), strict=True):
        for name, values in lines.items():
            axis.plot(sizes, values, marker="o", label=name)
        axis.set(xscale="log", yscale="log", xlabel="chunks", ylabel=label)
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(RESULTS / "growth.png", dpi=110)


if __name__ == "__main__":
    main()
