"""The bundled encoder beside the checkpoint it was trained from: similarity, retrieval, space, clustering.

    python benchmarks/encoder_quality.py --base FOLDER [--data FOLDER] [--cache FOLDER]

Both are evaluated the same way in the same run: exported to the same kind of graph, 256 tokens, cosine, passages as
``title + newline + text``. Nothing that is measured here was trained or tuned on; `recipes/bundled-encoder.toml`
names what was. `recipes/bundled_card.py` puts the tables into the card of the encoder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import RESULTS, ROOT, write_result

from searchkit.encoder import Encoder, bundled_folder, export_onnx, load_encoder
from searchkit.evaluation import compare, evaluate_encoder, evaluate_space, evaluate_sts, read_retrieval_set, read_sts
from searchkit.training import CardTable

if TYPE_CHECKING:
    from searchkit.types import Rows

STS = ("sts12", "sts13", "sts14", "sts15", "stsb")
RETRIEVAL = ("cacm", "cisi", "lisa", "med", "npl", "squad_sentences", "time")
DIMS = (384, 128)


class Remembering:
    """An encoder whose rows are kept in files, so that prefixes and repeated runs encode nothing twice."""

    def __init__(self, encoder: Encoder, cache: Path, *, dim: int = 384) -> None:
        self._encoder, self._cache, self.dimension = encoder, cache, dim
        self.name = encoder.name if dim == encoder.dimension else f"{encoder.name} [:{dim}]"
        self.max_tokens, self.fingerprint, self.tokenizer = encoder.max_tokens, encoder.fingerprint, encoder.tokenizer

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        return self._rows(texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        return self._rows(texts)

    def _rows(self, texts: Sequence[str]) -> Rows:
        key = hashlib.sha256("\0".join([self.fingerprint, *texts]).encode("utf-8", "replace")).hexdigest()
        file = self._cache / f"{key}.npy"
        if not file.exists():
            np.save(file, self._encoder.encode_passages(texts))
        rows: Rows = np.load(file)[:, : self.dimension]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", nargs="*", default=RETRIEVAL, help="retrieval sets; default: all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        start_folder = Path(scratch) / "start"
        export_onnx(options.base, start_folder, name="all-MiniLM-L6-v2", max_tokens=256)
        start, ours = load_encoder(start_folder), load_encoder(bundled_folder())
        encoders = [Remembering(start, cache), *(Remembering(ours, cache, dim=dim) for dim in DIMS)]
        tables = [
            similarity(encoders, options.data),
            retrieval(encoders, options.data, options.only),
            space(encoders[:2], options.data),
        ]
    text = "\n\n".join(markdown(table) for table in tables)
    write_result("encoder_quality", "The bundled encoder beside its start", text, "onnxruntime", "numpy")
    facts = [asdict(table) for table in tables]
    (RESULTS / "encoder_quality.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def similarity(encoders: Sequence[Remembering], data: Path) -> CardTable:
    tasks = [read_sts(data / "sts" / f"{name}.parquet") for name in STS]
    rows = []
    for encoder in encoders:
        found = [100 * evaluate_sts(encoder, task).spearman_all for task in tasks]
        rows.append((encoder.name, *(f"{value:.2f}" for value in found), f"{np.mean(found):.2f}"))
    note = 'Spearman x 100, all pairs of a set together ("all"); test splits; no regressor.'
    return CardTable("Semantic similarity", ("encoder", *STS, "average"), tuple(rows), note)


def retrieval(encoders: Sequence[Remembering], data: Path, names: Sequence[str]) -> CardTable:
    found: dict[str, list[float]] = {encoder.name: [] for encoder in encoders}
    changes = []
    for name in names:
        collection = read_retrieval_set(data / f"ir_{name}")
        reports = [evaluate_encoder(encoder, collection) for encoder in encoders]
        for encoder, report in zip(encoders, reports, strict=True):
            found[encoder.name].append(100 * float(report.values["nDCG@10"].mean()))
        change = compare(reports[0], reports[1])
        share = change.difference / change.before
        changes.append(f"{share:+.1%} ({change.low / change.before:+.1%} to {change.high / change.before:+.1%})")
        print(name, {encoder.name: round(found[encoder.name][-1], 2) for encoder in encoders}, changes[-1], flush=True)
    rows = [
        (encoder, *(f"{value:.2f}" for value in values), f"{np.mean(values):.2f}") for encoder, values in found.items()
    ]
    means = [float(np.mean(values)) for values in found.values()]
    rows.append(("change, 95 % interval", *changes, f"{means[1] / means[0] - 1:+.1%}"))
    note = "nDCG@10 x 100, dense search alone. The interval is a paired bootstrap over the queries of a set."
    return CardTable("Retrieval", ("encoder", *names, "mean"), tuple(rows), note)


def space(encoders: Sequence[Remembering], data: Path) -> CardTable:
    task = read_sts(data / "sts" / "stsb.parquet")
    rows = []
    for encoder in encoders:
        one = evaluate_space(encoder, task)
        cells = (one.alignment, one.uniformity, one.effective_rank, one.hubness)
        rows.append((encoder.name, *(f"{value:.3f}" for value in cells)))
    note = "On STS-B test: positives score above 4, data are all sentences. Alignment and uniformity: lower is better."
    return CardTable("Space", ("encoder", "alignment", "uniformity", "effective rank", "hubness"), tuple(rows), note)


def markdown(table: CardTable) -> str:
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}"
    body = "\n".join(f"| {' | '.join(row)} |" for row in table.rows)
    return f"## {table.title}\n\n{table.note}\n\n{head}\n{body}"


if __name__ == "__main__":
    main()
