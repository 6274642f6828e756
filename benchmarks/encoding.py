"""The bundled encoder in each way it runs on this processor, beside sentence-transformers in float32.

    python benchmarks/encoding.py [--data FOLDER] [--rounds 5] [--texts 150] [--no-sts]

One process, the same checkpoint, as many threads for each; the ways take turns. Texts are mixed: headings, sentences
and passages of software documentation, a third each. The rate of products is that of float32 matrices as large as
those of the encoder, which no float32 way can exceed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import torch
from common import ROOT, median, spread, write_result
from sentence_transformers import SentenceTransformer

from searchkit.encoder import bundled_folder, export_onnx, load_encoder
from searchkit.encoder.onnx_runtime import default_threads
from searchkit.evaluation import evaluate_sts, read_sts

THEIRS = "sentence-transformers, float32"
STS = ("sts12", "sts13", "sts14", "sts15", "stsb")
LAYERS, WIDTH = 6, 384
NEAREST = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=int, default=150, help="of each of three kinds")
    parser.add_argument("--sts", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    torch.set_num_threads(default_threads())
    texts, questions = mixed(options.data, options.texts)
    with tempfile.TemporaryDirectory() as scratch:
        export_onnx(bundled_folder(), Path(scratch) / "both", forms=("fp16", "int8"))
        ours = {
            "searchkit": load_encoder(),
            "searchkit, OpenVINO": load_encoder(device="openvino"),
            "searchkit, 8 bits": load_encoder(Path(scratch) / "both", graph="model_int8.onnx"),
            "searchkit, 8 bits, OpenVINO": load_encoder(
                Path(scratch) / "both", runtime="openvino", graph="model_int8.onnx"
            ),
        }
        theirs = SentenceTransformer(str(bundled_folder()), device="cpu")
        encode: dict[str, Callable[[Sequence[str]], Any]] = {
            THEIRS: lambda some: theirs.encode(list(some), normalize_embeddings=True),
            **{name: encoder.encode_passages for name, encoder in ours.items()},
        }
        lines = measured(encode, texts, questions, ours["searchkit"].tokenizer, options.rounds)
        names = {name: encoder.runtime for name, encoder in ours.items()}
        if options.sts:
            lines += ["", *similarity({name: ours[name] for name in ("searchkit", "searchkit, 8 bits")}, options.data)]
    lines += ["", f"Runtimes: {'; '.join(f'{name}: {runtime}' for name, runtime in names.items())}."]
    packages = ("onnxruntime", "openvino", "torch", "sentence-transformers")
    write_result("encoding", "The encoder on a processor", "\n".join(lines), *packages)


def mixed(data: Path, count: int) -> tuple[list[str], list[str]]:
    """Headings, sentences and passages in turn; and short questions, which are headings of other sections."""
    table = parquet.read_table(data / "docs_sections" / "pairs.parquet").to_pydict()
    headings = list(dict.fromkeys(text.split(" > ")[-1] for text in table["text_a"]))
    passages = [text for text in dict.fromkeys(table["text_b"]) if 400 <= len(text) <= 1_200]
    sentences = [text.split(". ")[0] for text in passages]
    random = np.random.default_rng(5)
    chosen = [random.permutation(len(kind))[:count] for kind in (headings, sentences, passages)]
    kinds = zip((headings, sentences, passages), chosen, strict=True)
    texts = [kind[place] for kind, places in kinds for place in places]
    others = [headings[place] for place in random.permutation(len(headings)) if place not in set(chosen[0])]
    return list(dict.fromkeys(texts)), others[:200]


def measured(
    encode: dict[str, Callable[[Sequence[str]], Any]],
    texts: Sequence[str],
    questions: Sequence[str],
    tokenizer: Any,
    rounds: int,
) -> list[str]:
    lengths = [min(len(each.ids), 256) for each in tokenizer.encode_batch(list(texts))]
    seconds: dict[str, list[float]] = {name: [] for name in encode}
    rates = []
    for _ in range(rounds + 1):
        rates.append(product_rate())
        for name, work in encode.items():
            began = time.perf_counter()
            work(texts)
            seconds[name].append(time.perf_counter() - began)
    one = {name: [clocked(work, question) for question in questions] for name, work in encode.items()}
    flops = sum(LAYERS * (24 * WIDTH**2 * n + 4 * n * n * WIDTH) for n in lengths)
    rows = {name: (work(texts), work(questions)) for name, work in encode.items()}
    wanted = nearest(*rows[THEIRS])
    lines = [
        f"{len(texts)} texts of {sum(lengths):,} tokens, {len(questions)} questions by themselves, {rounds} rounds in",
        f"turn after one not counted, {default_threads()} threads. Products of float32 matrices:"
        f" {max(rates) / 1e9:.0f} GFLOP/s.",
        "Agreement: of the ten nearest texts to a question, the share that sentence-transformers has too.",
        "",
        "| way | tokens/s | times theirs | share of the products' rate | agreement | a question, ms |",
        "|---|---|---|---|---|---|",
    ]
    for name, times in seconds.items():
        rate = [sum(lengths) / each for each in times[1:]]
        ratio = median(seconds[THEIRS][1:]) / median(times[1:])
        share = flops / median(times[1:]) / max(rates)
        agreement = np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(wanted, nearest(*rows[name]), strict=True)])
        lines.append(
            f"| {name} | {spread(rate, 0)} | {ratio:.2f} | {share:.0%} | {agreement:.4f} | {median(one[name]):.1f} |"
        )
    return lines


def similarity(encoders: dict[str, Any], data: Path) -> list[str]:
    tasks = {name: read_sts(data / "sts" / f"{name}.parquet") for name in STS}
    lines = [f"| Spearman x 100, test | {' | '.join(STS)} | average |", f"|---|{'---|' * len(STS)}---|"]
    for name, encoder in encoders.items():
        found = [100 * evaluate_sts(encoder, task).spearman_all for task in tasks.values()]
        lines.append(f"| {name} | {' | '.join(f'{value:.2f}' for value in found)} | {np.mean(found):.2f} |")
    return lines


def product_rate() -> float:
    """Floating-point operations a second of float32 products as the encoder has them, the best of ten."""
    left, right = torch.randn(1024, WIDTH), torch.randn(WIDTH, 4 * WIDTH)
    return max(2 * left.shape[0] * right.numel() / clocked_s(lambda: left @ right) for _ in range(10))


def clocked(work: Callable[[Sequence[str]], Any], text: str) -> float:
    return 1000 * clocked_s(lambda: work([text]))


def clocked_s(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def nearest(rows: Any, questions: Any) -> list[list[int]]:
    order: list[list[int]] = np.argsort(-(questions @ rows.T), axis=1, kind="stable")[:, :NEAREST].tolist()
    return order


if __name__ == "__main__":
    main()
