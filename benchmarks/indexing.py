"""What indexing costs: memory at 10,000 and 100,000 chunks, and a second run over files that did not change.

    python benchmarks/indexing.py [--data FOLDER] [--chunks 10000 100000] [--files 10000]

Memory is the peak of a whole process that indexes one-line records in files of 2,000 records each.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from common import ROOT, run_process, spread, write_result

RECORDS_A_FILE = 2_000
LONGEST = 60  # characters of a record: memory is asked for, and the encoder's time is not


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--chunks", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    searchkit = str(Path(sys.executable).with_name("searchkit"))
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        peaks = []
        for count in options.chunks:
            corpus = Path(scratch) / f"records-{count}"
            write_records(corpus, options.data, count)
            cost = run_process([searchkit, "index", str(corpus), "--index", f"{scratch}/index-{count}"])
            peaks.append(cost.peak_mb)
            lines.append(
                f"| index {count:,} short chunks | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {cost.peak_mb:.0f} |"
            )
        if options.files:
            lines += unchanged(searchkit, Path(scratch), options.files)
    notes = [] if len(peaks) < 2 else [f"\n- Peak memory grows {peaks[-1] / peaks[0]:.2f} times (asked: at most 1.5)."]
    table = "\n".join(["| whole process | wall s | cpu s | peak MB |", "|---|---|---|---|", *lines, *notes])
    write_result("indexing", "What indexing costs", table, "onnxruntime", "faiss-cpu")


def write_records(folder: Path, data: Path, count: int) -> None:
    import pyarrow.parquet as parquet

    texts = parquet.read_table(data / "sentences" / "sentences.parquet", columns=["text"])["text"].to_pylist()
    chosen = random.Random(0).sample([text for text in texts if len(text) < LONGEST], count)
    folder.mkdir()
    for first in range(0, count, RECORDS_A_FILE):
        records = (json.dumps({"text": text}) + "\n" for text in chosen[first : first + RECORDS_A_FILE])
        (folder / f"{first:07}.jsonl").write_text("".join(records), encoding="utf-8")


def unchanged(searchkit: str, scratch: Path, count: int) -> list[str]:
    """Small files, most of them alike: reading them is the work, not encoding them."""
    corpus = scratch / "files"
    for number in range(count):
        folder = corpus / f"{number // 250:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.md").write_text(f"# Note\n\nThis is small note {number % 50}.\n", encoding="utf-8")
    command = [searchkit, "index", str(corpus), "--index", f"{scratch}/files-index"]
    first = run_process(command)
    run_process(command)  # reads the times that were too young to be trusted
    again = [run_process(command) for _ in range(5)]
    return [
        f"| index {count:,} small files | {first.wall_s:.1f} | {first.cpu_s:.1f} | {first.peak_mb:.0f} |",
        f"| the same again, nothing changed (asked: under 3 s) | {spread([one.wall_s for one in again])} "
        f"| {spread([one.cpu_s for one in again])} | {again[0].peak_mb:.0f} |",
    ]


if __name__ == "__main__":
    main()
