"""How finding topics, naming them and drawing the map grow with the chunks, and how long a map of 100,000 takes.

    python benchmarks/corpus_map.py --passages FOLDER --cache FOLDER topics SIZE
    python benchmarks/corpus_map.py --passages FOLDER --cache FOLDER map SIZE [--method NAME] [--3d]
    python benchmarks/corpus_map.py --passages FOLDER --cache FOLDER report

Each call measures one stage of work at one size, in a process of its own, and keeps it in results/map.json; ``report``
writes results/map.md. PASSAGES holds passages.jsonl (a text each) and rows.npy, their rows by the bundled encoder, so
that embedding is not part of it; the index over them is made in the cache first and not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import linear_regression
from typing import Any

from common import RESULTS, peak_mb, write_result
from precomputed import open_index, read_passages

from searchkit.insight import find_topics, keep_topics, map_of, write_map_html

SIZES = (1_000, 10_000, 100_000)
KEPT = RESULTS / "map.json"
STAGES = {"grouping": "clustering", "naming": "labelling", "finding": "neighbours", "placing": "placing"}


@dataclass
class Clock:
    """Wall and CPU seconds of each stage; called with the word that a stage begins with."""

    now: str = "reading"
    spent: dict[str, list[float]] = field(default_factory=dict)
    _since: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()))

    def __call__(self, word: str) -> None:
        since, self._since = self._since, (time.perf_counter(), time.process_time())
        own = self.spent.setdefault(self.now, [0.0, 0.0])
        own[0] += self._since[0] - since[0]
        own[1] += self._since[1] - since[1]
        self.now = STAGES.get(word.split()[0], "page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("part", choices=("index", "topics", "map", "report"))
    parser.add_argument("size", type=int, nargs="?")
    parser.add_argument("--method")
    parser.add_argument("--3d", dest="in_space", action="store_true")
    options = parser.parse_args()
    if options.part == "report":
        report(json.loads(KEPT.read_text()))
        return
    folder = options.cache / f"passages-{options.size}"
    with open_index(folder, *read_passages(options.passages, options.size)) as engine:
        if options.part == "topics":
            keep(f"topics, {options.size}", measured_topics(engine))
        elif options.part == "map":
            out = options.cache / f"map-{options.size}{'-3d' if options.in_space else ''}-{options.method}.html"
            name = f"map, {options.size}, {options.method or 'default'}, {'3-D' if options.in_space else '2-D'}"
            keep(name, measured_map(engine, options.method, 3 if options.in_space else 2, out))


def measured_topics(engine: Any) -> dict[str, Any]:
    clock = Clock()
    found = find_topics(engine, tell=clock)
    clock("keeping")
    keep_topics(engine, found)
    clock("end")
    return {"stages": clock.spent, "topics": len(found.topics), "peak_mb": peak_mb()}


def measured_map(engine: Any, method: str | None, dimensions: int, out: Path) -> dict[str, Any]:
    clock = Clock()
    data = map_of(engine, dimensions=dimensions, method=method, tell=clock)
    write_map_html(data, out)
    clock("end")
    return {"stages": clock.spent, "projection": data.projection, "bytes": out.stat().st_size, "peak_mb": peak_mb()}


def keep(name: str, found: dict[str, Any]) -> None:
    results = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    results[name] = found
    KEPT.write_text(json.dumps(results, indent=1) + "\n")
    print(name, json.dumps(found))


def report(results: dict[str, Any]) -> None:
    rows = []
    for name, part, stages in (
        ("clustering", "topics, {}", ("clustering",)),
        ("labelling", "topics, {}", ("labelling",)),
        ("projection, t-SNE", "map, {}, tsne, 2-D", ("neighbours", "placing")),
        ("projection, without extras", "map, {}, neighbours, 2-D", ("neighbours", "placing")),
        ("projection, without extras, 3-D", "map, {}, neighbours, 3-D", ("neighbours", "placing")),
        ("page: texts read, file written", "map, {}, neighbours, 2-D", ("page",)),
    ):
        spent = [_spent(results.get(part.format(size)), stages) for size in SIZES]
        rows.append((name, *map(_seconds, spent), *_growth(spent), _exponent(spent)))
    bound = [size * math.log(size) for size in SIZES]
    rows.append(("n log n", *[""] * len(SIZES), *_growth(bound), _exponent(bound)))
    columns = ("stage", *(f"{size:,}" for size in SIZES), *(f"{b:,} / {a:,}" for a, b in pairwise(SIZES)), "exponent")
    text = GROWTH_TEXT + _table(columns, rows)
    text += (
        "\n\n"
        + WHOLE_TEXT
        + _table(("map of 100,000", "topics s", "map s", "together", "page", "peak"), _whole(results))
    )
    text += (
        "\n\n"
        + FRAMES_TEXT
        + _table(("map", "way of drawing", "moved", "median ms", "95th percentile ms"), _frames(results))
    )
    write_result("map", "Topics and maps of 100,000 chunks", text, "faiss-cpu", "openTSNE", "numpy", "scikit-learn")


GROWTH_TEXT = """## Growth

Wall seconds, how much a tenfold corpus multiplies them, and the exponent of the power of n that fits the three sizes
best (least squares of the logarithms); the last line is what n log n would give. One run each, alone on both cores.
Real sentences, one a chunk; embedding is not part of it. Up to 20,000 rows all pairs are compared for the neighbours,
on both cores; beyond that a graph (HNSW) finds them, made on one core so that it is the same every time. That is why
the last step of a projection is larger than the one before.

"""
WHOLE_TEXT = """## A map of 100,000 chunks

Asked: under five minutes on two cores, from the index to the page. "Topics" are found once and kept in the index.

"""

FRAMES_TEXT = """## How smoothly a map moves

Milliseconds between frames while the map is moved by its own functions, 120 frames of each kind, in a headless Chromium
of 1280 x 800 pixels without a graphics card: WebGL is drawn by the processor (SwiftShader), and 16.7 ms is the least
that the browser gives. Where frames are slow, fewer points are drawn until the map rests. By
`python benchmarks/map_frames.py`, alone on both cores.

"""


def _frames(results: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, found in results.items():
        if not name.startswith("frames, "):
            continue
        _, points, dimensions, way = name.split(", ")
        for move, spent in found["moves"].items():
            of = f"{int(points):,} points, {dimensions}"
            rows.append((of, way, move, f"{spent['median_ms']:.1f}", f"{spent['p95_ms']:.1f}"))
    return rows


def _spent(found: dict[str, Any] | None, stages: Sequence[str]) -> float | None:
    return None if found is None else sum(found["stages"].get(stage, [0.0])[0] for stage in stages)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _growth(spent: Sequence[float | None]) -> list[str]:
    return ["" if a is None or b is None else f"{b / a:.1f}" for a, b in pairwise(spent)]


def _exponent(spent: Sequence[float | None]) -> str:
    known = [(math.log(size), math.log(value)) for size, value in zip(SIZES, spent, strict=True) if value]
    if len(known) < len(SIZES):
        return ""
    return f"{linear_regression(*zip(*known, strict=True)).slope:.2f}"


def _whole(results: dict[str, Any]) -> list[tuple[str, ...]]:
    size = SIZES[-1]
    topics = results.get(f"topics, {size}")
    rows = []
    for name in results:
        if topics is None or not name.startswith(f"map, {size}"):
            continue
        one, other = (sum(wall for wall, _ in found["stages"].values()) for found in (topics, results[name]))
        rows.append(
            (
                name.split(", ", 2)[2],
                f"{one:.0f}",
                f"{other:.0f}",
                f"{(one + other) / 60:.1f} min",
                f"{results[name]['bytes'] / 1e6:.1f} MB",
                f"{max(topics['peak_mb'], results[name]['peak_mb']):.0f} MB",
            )
        )
    return rows


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *rows))


if __name__ == "__main__":
    main()
