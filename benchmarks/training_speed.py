"""Sentences a second in training on the CPU: searchkit's loop beside sentence-transformers' trainer.

    python benchmarks/training_speed.py --peer-python PYTHON --base FOLDER [--data FOLDER] [--rounds N]

PYTHON is an interpreter that has sentence-transformers with its training extra. Both train the same checkpoint on the
same NLI triplets with the same loss (InfoNCE with hard negatives, temperature 0.05), batch, precision, learning rate
and cut; each run is a process of its own and only steps after the warm-up count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import ROOT, median, spread, write_result

BATCH, MAX_TOKENS = 128, 128
WARM_UP, STEPS = 2, 6
PRECISIONS = ("fp32", "bf16")
OURS, PEER = "searchkit", "sentence-transformers"
MATRIX = (2048, 384, 1536)  # tokens of a pass, and the two widths of the feed-forward layer
BACKWARD_AND_FORWARD = 3  # training costs three times the products of a forward pass


@dataclass(frozen=True, slots=True)
class Speed:
    """One run: sentences a second after the warm-up, mean loss there, peak resident memory in MB."""

    sentences_per_s: float
    loss: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Work:
    """What a sentence costs: its tokens, and the floating-point operations of matrix products in training it."""

    tokens: float
    flop: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        triplets = Path(scratch) / "triplets.jsonl"
        texts = write_triplets(options.data / "nli" / "nli_triplets.parquet", triplets)
        sides = {OURS: (sys.executable, "searchkit_training.py"), PEER: (options.peer_python, "st_training.py")}
        speeds: dict[tuple[str, str], list[Speed]] = {}
        rates: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
        for number in range(options.rounds):
            for precision in PRECISIONS:
                rates[precision].append(matrix_rate(precision))
                for side, (python, script) in sides.items():
                    speed = run_side(python, script, options.base, triplets, precision)
                    speeds.setdefault((side, precision), []).append(speed)
                    print(number + 1, precision, side, speed, file=sys.stderr, flush=True)
    versions = "torch", "transformers", peer_versions(options.peer_python)
    text = markdown(speeds, rates, work_of(options.base, texts), options.rounds, versions[2])
    write_result("training_speed", "Training on the CPU", text, *versions[:2])


def write_triplets(source: Path, target: Path) -> list[str]:
    """As many triplets as the steps take, no text twice, so that every batch is full; gives their texts."""
    import pyarrow.parquet as parquet

    seen: set[str] = set()
    rows: list[dict[str, str]] = []
    for record in parquet.read_table(source, columns=["anchor", "positive", "hard_negative"]).to_pylist():
        keys = {text.casefold() for text in record.values()}
        if len(keys) == 3 and seen.isdisjoint(keys):
            seen |= keys
            rows.append(record)
    rows = rows[:: len(rows) // (BATCH * (WARM_UP + STEPS))][: BATCH * (WARM_UP + STEPS)]  # of all its sources
    target.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [text for row in rows for text in row.values()]


def run_side(python: str, script: str, base: Path, triplets: Path, precision: str) -> Speed:
    """One run of one side in a process of its own."""
    numbers = map(str, (WARM_UP + STEPS, BATCH, MAX_TOKENS))
    done = subprocess.run(
        [python, str(Path(__file__).with_name(script)), str(base), str(triplets), precision, *numbers],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"},
    )
    if done.returncode:
        raise RuntimeError(f"{script} ended with {done.returncode}: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    seconds = told["ends"][-1] - told["ends"][WARM_UP - 1]
    losses = told["losses"][WARM_UP:]
    return Speed(STEPS * BATCH * 3 / seconds, sum(losses) / len(losses), told["peak_mb"])


def matrix_rate(precision: str) -> float:
    """GFLOP/s of torch's matrix product at the size of a feed-forward layer; median of many."""
    import torch

    rows, inner, outer = MATRIX
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    left, right = torch.randn(rows, inner).to(dtype), torch.randn(outer, inner).to(dtype)
    seconds = []
    with torch.no_grad():
        for _ in range(100):
            began = time.perf_counter()
            torch.nn.functional.linear(left, right)
            seconds.append(time.perf_counter() - began)
    return 2 * rows * inner * outer / median(seconds[20:]) / 1e9


def work_of(base: Path, texts: Sequence[str]) -> Work:
    """The mean work of a sentence, padding not counted: what the arithmetic needs, whoever does it."""
    from tokenizers import Tokenizer

    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    lengths = [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))]
    width, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    per_token = 2 * layers * (4 * width**2 + 2 * width * inner)
    attention = 4 * layers * width  # a token and a token it looks at: its score, and its share of the sum
    forward = [per_token * length + attention * length**2 for length in lengths]
    return Work(sum(lengths) / len(lengths), BACKWARD_AND_FORWARD * sum(forward) / len(lengths))


def peer_versions(python: str) -> str:
    names = ("sentence-transformers", "torch", "transformers", "accelerate")
    code = f"from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in {names!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def markdown(
    speeds: dict[tuple[str, str], list[Speed]], rates: dict[str, list[float]], work: Work, rounds: int, peer: str
) -> str:
    rows, ratios = [], []
    for precision in PRECISIONS:
        rate = median(rates[precision])
        for side in (OURS, PEER):
            own = speeds[side, precision]
            per_s = [speed.sentences_per_s for speed in own]
            gflops = median(per_s) * work.flop / 1e9
            cells = (f"{gflops:.0f} of {rate:.0f}", f"{gflops / rate:.0%}")
            loss, peak = median([speed.loss for speed in own]), median([speed.peak_mb for speed in own])
            rows.append(
                f"| {precision} | {side} | {spread(per_s, 1)} | {' | '.join(cells)} | {loss:.3f} | {peak:.0f} |"
            )
        ratio = rounds_ratio(speeds[OURS, precision], speeds[PEER, precision])
        ratios.append(f"- {precision}: {spread(ratio)} times the sentences a second (asked: 1.5).")
    return "\n".join(
        [
            f"{BATCH} NLI triplets a step ({3 * BATCH} sentences of {work.tokens:.1f} tokens on average, cut at"
            f" {MAX_TOKENS}), {STEPS} steps after {WARM_UP} that do not count, {rounds} interleaved rounds, median"
            f" [least-greatest]. The peer: {peer}; bf16 is autocast on both sides.",
            "",
            "| precision | | sentences/s | GFLOP/s of the measured matrix rate | share | mean loss | peak MB |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            *ratios,
            "",
            f"The matrix rate is torch's for {MATRIX[0]} x {MATRIX[1]} times {MATRIX[1]} x {MATRIX[2]}, measured"
            f" between the runs. The work is {work.flop / BACKWARD_AND_FORWARD / work.tokens / 1e6:.1f} MFLOP a token"
            " forward (22.6 on longer texts, whose attention costs more), three times that in training; padding is"
            " not work.",
        ]
    )


def rounds_ratio(ours: Sequence[Speed], peer: Sequence[Speed]) -> list[float]:
    return [own.sentences_per_s / other.sentences_per_s for own, other in zip(ours, peer, strict=True)]


if __name__ == "__main__":
    main()
