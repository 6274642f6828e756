"""On a GPU: exact search against what copying and multiplying cost there, and the encoder beside sentence-transformers.

    python benchmarks/gpu.py [--rows 10000000] [--queries 256] [--texts 20000] [--device cuda] [PART ...]

Parts: ``search`` and ``encode``. Rows are random unit rows in float16, made on the device; texts are of 128 tokens.
The floor of a search is what it takes to read every row once and to multiply it, at the rates measured in the same
run. Both parts compare what comes out with the CPU's. Not run yet on a GPU: there is no result of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from common import median, write_result

from searchkit.encoder import bundled_folder, load_encoder
from searchkit.index.brute import nearest
from searchkit.index.gpu import FaissScan, GpuScan, TorchScan, described

DIMENSION = 384
PLACES = 43  # candidates for k = 10
ROUNDS = 7
CHECKED = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    parts = {"search": search, "encode": encode}
    lines = [line for name in options.parts or parts for line in (*parts[name](options), "")]
    write_result("gpu", "On a GPU", "\n".join(lines), "torch", "faiss-gpu", "sentence-transformers")


def search(options: Any) -> list[str]:
    """Exact search of many rows, by torch and by FAISS where its GPU build is there."""
    rows = unit_rows(options.rows, options.device)
    queries = unit_rows(options.queries, options.device).astype(np.float32)
    multiplied, copied = multiply_rate(options.device), copy_rate(options.device)
    floor = max(rows.nbytes / copied, 2 * rows.size * len(queries) / multiplied)
    scans: dict[str, GpuScan] = {"torch": TorchScan(rows, [options.device])}
    if "faiss" in described():
        scans["faiss-gpu"] = FaissScan(rows, lambda: scans["torch"])
    wanted = nearest(queries[:CHECKED], np.arange(len(rows)), rows, 10, None)
    lines = [
        "## Exact search",
        "",
        f"{len(rows):,} x {DIMENSION} in float16, {len(queries)} queries at once, {PLACES} places. Products",
        f"{multiplied / 1e12:.0f} TFLOP/s, copies {copied / 1e9:.0f} GB/s, so that the floor is {1000 * floor:.2f} ms.",
        "",
        "| by | ms [least-greatest] | share of the floor | the CPU's ten are among the places |",
        "|---|---|---|---|",
    ]
    for name, scan in scans.items():
        seconds = timed(lambda scan=scan: scan.scan(queries, PLACES, None), options.device)  # type: ignore[misc]
        found = scan.scan(queries[:CHECKED], PLACES, None).positions
        kept = np.mean([np.isin(ids, places).mean() for ids, places in zip(wanted.ids, found, strict=True)])
        spread = f"{1000 * median(seconds):.2f} [{1000 * min(seconds):.2f}-{1000 * max(seconds):.2f}]"
        lines.append(f"| {name} | {spread} | {floor / median(seconds):.0%} | {kept:.4f} |")
    return lines


def encode(options: Any) -> list[str]:
    """The bundled encoder beside sentence-transformers in bfloat16, on the same texts, in turn."""
    from sentence_transformers import SentenceTransformer

    ours = load_encoder(runtime="torch", device=options.device)
    theirs = SentenceTransformer(
        str(bundled_folder()), device=options.device, model_kwargs={"torch_dtype": torch.bfloat16}
    )
    texts = passages(ours, options.texts)
    tokens = 128 * len(texts)
    ways: dict[str, Callable[[], Any]] = {
        "searchkit": lambda: ours.encode_passages(texts),
        "sentence-transformers, bf16": lambda: theirs.encode(texts, batch_size=256, normalize_embeddings=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for name in [*ways] * (ROUNDS + 1):
        seconds[name].append(once(ways[name], options.device))
    # each of six layers has 12 D^2 products a token, and attention 4 T D
    flops = tokens * 6 * (24 * DIMENSION**2 + 4 * 128 * DIMENSION)
    multiplied = multiply_rate(options.device, torch.bfloat16)
    on_cpu = load_encoder().encode_passages(texts[:200])
    cosine = float(np.einsum("nd,nd->n", on_cpu, ours.encode_passages(texts[:200])).min())
    times = {name: median(values[1:]) for name, values in seconds.items()}
    lines = ["## The encoder", "", f"{len(texts):,} texts of 128 tokens, medians of {ROUNDS} rounds in turn.", ""]
    lines += ["| by | tokens/s | share of the rate of products |", "|---|---|---|"]
    lines += [f"| {name} | {tokens / t:,.0f} | {flops / t / multiplied:.0%} |" for name, t in times.items()]
    ratio = times["sentence-transformers, bf16"] / times["searchkit"]
    return [*lines, "", f"{ratio:.2f} times as fast; least cosine to the CPU's vectors {cosine:.5f}."]


def unit_rows(count: int, device: str) -> Any:
    generator = torch.Generator(device).manual_seed(count)
    out = np.empty((count, DIMENSION), np.float16)
    for start in range(0, count, 1 << 20):
        stop = min(start + (1 << 20), count)
        rows = torch.randn(stop - start, DIMENSION, generator=generator, device=device)
        out[start:stop] = torch.nn.functional.normalize(rows, dim=1).half().cpu().numpy()
    return out


def passages(encoder: Any, count: int) -> list[str]:
    """Texts of exactly 128 tokens, marks at both ends included."""
    words = ["tree", "stone", "river", "light", "house", "music", "paper", "winter", "garden", "letter"]
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(words, 126)) for _ in range(count)]
    assert all(len(each.ids) == 128 for each in encoder.tokenizer.encode_batch(texts[:50]))
    return texts


def multiply_rate(device: str, dtype: torch.dtype = torch.float16, size: int = 8192) -> float:
    """Floating-point operations a second of a square product."""
    size = size if device.startswith("cuda") else 1024
    left = torch.randn(size, size, device=device).to(dtype)
    return 2 * size**3 / min(timed(lambda: left @ left, device))


def copy_rate(device: str) -> float:
    """Bytes a second that are read where rows are copied on the device; as many are written."""
    data = torch.empty(1 << (30 if device.startswith("cuda") else 26), dtype=torch.uint8, device=device)
    return 2 * data.numel() / min(timed(data.clone, device))


def timed(work: Callable[[], object], device: str) -> list[float]:
    return [once(work, device) for _ in range(ROUNDS + 1)][1:]


def once(work: Callable[[], object], device: str) -> float:
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
