"""A million chunks from end to end: building, a question from nothing, small changes, questions in an open engine.

    python benchmarks/million.py FOLDER [--small 5000] [--large 1000000] [--rounds 7] [STAGE ...]

Stages, each of which writes to FOLDER/million.json: ``build``, ``cold``, ``change``, ``warm``, and ``report``, which
writes results/million.md. FOLDER has ``passages.jsonl`` (id, text, source, number, year) and ``rows.npy``, a unit row
a passage, (N, D) float16 or float32, so that nothing but questions is encoded. The rows of results/million.md are
those of `index_kinds.py`: 100,000 real ones, the others made from them; the texts are real sentences.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from common import interleaved, median, peak_mb, spread, write_result
from precomputed import KnownRows, open_index, read_passages

from searchkit import SearchEngine

STAGES = ("build", "cold", "change", "warm")
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
    parser.add_argument("--small", type=int, default=5_000)
    parser.add_argument("--large", type=int, default=1_000_000)
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
    path = folder / "million.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, stage: found}, indent=1) + "\n")
    print(stage, json.dumps(found), flush=True)


def sizes(options: Any) -> tuple[int, int]:
    return options.small, options.large


def place(options: Any, count: int) -> Path:
    return Path(options.folder / f"index-{count}")


def build(options: Any) -> dict[str, Any]:
    """Both indexes, by `SearchEngine.add` and `rebuild`."""
    found: dict[str, Any] = {}
    for count in sizes(options):
        folder = place(options, count)
        shutil.rmtree(folder, ignore_errors=True)
        passages, rows = read_passages(options.folder, count)
        began = time.perf_counter()
        with open_index(folder, passages, rows) as engine:
            added = time.perf_counter()
            engine.rebuild()
            status = engine.status()
        found[str(count)] = {
            "add_s": added - began,
            "rebuild_s": time.perf_counter() - added,
            "kind": str(status.index_kind),
            "disk_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6,
            "peak_mb": peak_mb(),
        }
        print(count, found[str(count)], flush=True)
    return found


def cold(options: Any) -> dict[str, Any]:
    """The whole process of one question, at both sizes in turn."""
    searchkit = str(Path(sys.executable).with_name("searchkit"))
    commands = {
        f"{mode} {count}": [searchkit, "query", QUESTIONS[0], "--mode", mode, "--index", str(place(options, count))]
        for mode in ("hybrid", "dense", "lexical")
        for count in sizes(options)
    }
    costs = interleaved(commands, rounds=options.rounds, env={"HF_HUB_OFFLINE": "1"})
    return {
        name: {"wall_s": [one.wall_s for one in own], "peak_mb": median([one.peak_mb for one in own])}
        for name, own in costs.items()
    }


def change(options: Any) -> dict[str, Any]:
    """100 passages added, changed and removed, at both sizes in turn; their rows are known."""
    spare = list(fresh(options.folder))
    engines = {count: opened(options, count, spare) for count in sizes(options)}
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
    engines = {count: SearchEngine.open(place(options, count)) for count in sizes(options)}
    ways: dict[str, dict[str, Any]] = {mode: {"mode": mode} for mode in ("hybrid", "dense", "lexical")}
    ways["hybrid, filtered"] = {"mode": "hybrid", "where": "year >= 2010"}
    found: dict[str, list[float]] = {f"{way} {count}": [] for way in ways for count in engines}
    first: dict[str, float] = {}
    for number in range(options.rounds):
        for question in QUESTIONS:
            for way, chosen in ways.items():
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
    known = json.loads((options.folder / "million.json").read_text())
    small, large = sizes(options)
    lines = [
        "## Building",
        "",
        "Rows are given, so nothing is encoded. Wall time; other work took half of the machine.",
        "",
    ]
    lines += ["| chunks | kind | add s | rebuild s | disk MB | peak MB |", "|---|---|---|---|---|---|"]
    for count in (small, large):
        one = known["build"][str(count)]
        cells = (one["add_s"], one["rebuild_s"], one["disk_mb"], one["peak_mb"])
        lines.append(f"| {count:,} | {one['kind']} | {' | '.join(f'{cell:,.1f}' for cell in cells)} |")
    lines += ["", "## A question from nothing, whole process", ""]
    lines += [f"{options.rounds} interleaved rounds after one not counted, median [least-greatest].", ""]
    lines += ["| mode | wall s | | times | peak MB | |", "|---|---|---|---|---|---|"]
    lines += [f"| | {small:,} | {large:,} | | {small:,} | {large:,} |"]
    for mode in ("hybrid", "dense", "lexical"):
        a, b = (known["cold"][f"{mode} {count}"] for count in (small, large))
        ratio = median(b["wall_s"]) / median(a["wall_s"])
        lines.append(
            f"| {mode} | {spread(a['wall_s'])} | {spread(b['wall_s'])} | {ratio:.2f} |"
            f" {a['peak_mb']:.0f} | {b['peak_mb']:.0f} |"
        )
    lines += ["", f"## {CHANGED} passages, seconds, rows given", "", f"| | {small:,} | {large:,} |", "|---|---|---|"]
    for what, name in (("add_s", "added"), ("change_s", "changed"), ("remove_s", "removed")):
        cells = [spread(known["change"][str(count)][what], 3) for count in (small, large)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "## A question to an open engine, milliseconds, encoding included", ""]
    lines += [f"{len(QUESTIONS) * options.rounds} questions each, in turn; the first one apart.", ""]
    lines += [f"| | {small:,} | first | {large:,} | first |", "|---|---|---|---|---|"]
    for way in ("hybrid", "dense", "lexical", "hybrid, filtered"):
        cells = []
        for count in (small, large):
            one = known["warm"][f"{way} {count}"]
            cells += [spread(one["ms"], 1), f"{one['first_ms']:.0f}"]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    write_result("million", "A million chunks", "\n".join(lines), "onnxruntime", "faiss-cpu")


if __name__ == "__main__":
    main()
