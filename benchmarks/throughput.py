"""Tokens a second against the length of texts: the bundled encoders, and sentence-transformers in float32.

    python benchmarks/throughput.py [--data FOLDER] [--tokens 8192] [--rounds 3]

Texts of one length each, cut out of software documentation; the ways take turns. Special tokens count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import torch
from common import RESULTS, ROOT, median, spread, write_result
from sentence_transformers import SentenceTransformer

from searchkit.encoder import bundled_folder, load_encoder
from searchkit.encoder.onnx_runtime import default_threads

LENGTHS = (8, 16, 32, 64, 128, 256)
SPECIAL = 2
Rates = dict[str, dict[int, list[float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tokens", type=int, default=8192, help="of each length")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(default_threads())
    whole, fast = load_encoder(), load_encoder("fast")
    theirs = SentenceTransformer(str(bundled_folder()), device="cpu")
    ways: dict[str, Callable[[Sequence[str]], Any]] = {
        "sentence-transformers": lambda texts: theirs.encode(list(texts), normalize_embeddings=True),
        whole.name: whole.encode_passages,
        fast.name: fast.encode_passages,
    }
    texts = {length: of_length(options.data, whole.tokenizer, length, options.tokens // length) for length in LENGTHS}
    rates = measured(ways, texts, options.rounds)
    lines = [
        f"Tokens a second, {options.tokens:,} tokens of each length, {default_threads()} threads, {options.rounds}",
        "rounds in turn after one not counted, median [least-greatest]; in brackets how many times the first column.",
        "",
        f"| tokens a text | {' | '.join(ways)} |",
        "|---" * (len(ways) + 1) + "|",
    ]
    for length in LENGTHS:
        base = median(rates["sentence-transformers"][length])
        cells = [f"{spread(rates[way][length], 0)} ({median(rates[way][length]) / base:.2f})" for way in ways]
        lines.append(f"| {length} | {' | '.join(cells)} |")
    packages = ("onnxruntime", "torch", "sentence-transformers")
    write_result("throughput", "Throughput against length", "\n".join(lines), *packages)
    plot(rates)


def of_length(data: Path, tokenizer: Any, length: int, count: int) -> list[str]:
    """Different texts that have so many tokens, the special ones included."""
    passages = parquet.read_table(data / "docs_sections" / "pairs.parquet", columns=["text_b"])["text_b"].to_pylist()
    found: dict[str, None] = {}
    for passage in passages:
        offsets = tokenizer.encode(passage, add_special_tokens=False).offsets
        if len(offsets) < length - SPECIAL:
            continue
        text = passage[: offsets[length - SPECIAL - 1][1]]
        if len(tokenizer.encode(text).ids) == length:
            found[text] = None
        if len(found) == count:
            break
    return list(found)


def measured(ways: dict[str, Callable[[Sequence[str]], Any]], texts: dict[int, list[str]], rounds: int) -> Rates:
    rates: Rates = {way: {length: [] for length in texts} for way in ways}
    for number in range(rounds + 1):
        for length, own in texts.items():
            for way, encode in ways.items():
                began = time.perf_counter()
                encode(own)
                if number:
                    rates[way][length].append(len(own) * length / (time.perf_counter() - began))
    return rates


def plot(rates: Rates) -> None:
    """A line a way, lengths in powers of two, if matplotlib is there."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    figure, axis = plt.subplots(figsize=(5, 3.4))
    for way, own in rates.items():
        axis.plot(list(own), [median(values) for values in own.values()], marker="o", label=way)
    axis.set_xscale("log", base=2)
    axis.set(xlabel="tokens a text", ylabel="tokens a second", ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(RESULTS / "throughput.png", dpi=110)


if __name__ == "__main__":
    main()
