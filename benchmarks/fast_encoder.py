"""What fewer layers cost and gain: the bundled encoder, three of its layers as they are, and the same three taught.

    python benchmarks/fast_encoder.py --fast FOLDER [--data FOLDER] [--cache FOLDER]

FOLDER is what `recipes/build_fast.py` wrote, `searchkit/encoder/bundled/fast` where it ships. Similarity and retrieval
are measured as in `encoder_quality.py`, and neither was looked at while the layers, the rate and the texts were chosen;
speed as in `encoding.py`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch
from common import RESULTS, ROOT, write_result
from encoder_quality import RETRIEVAL, Remembering, markdown, retrieval, similarity
from encoding import THEIRS, measured, mixed
from sentence_transformers import SentenceTransformer

from searchkit.encoder import bundled_folder, load_encoder
from searchkit.encoder.onnx_runtime import default_threads
from searchkit.training import RunSettings, load_recipe
from searchkit.training.model import load_start
from searchkit.training.probe import TrainingEncoder

RECIPE = ROOT / "recipes" / "fast-encoder.toml"


class Pruned(TrainingEncoder):
    """The bundled encoder without the layers that the recipe drops, and nothing learnt instead."""

    def __init__(self) -> None:
        run = RunSettings(base="default", keep_layers=load_recipe(RECIPE).run.keep_layers, max_tokens=256, device="cpu")
        super().__init__(load_start(run), run)

    @property
    def name(self) -> str:
        return "the same layers, untaught"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(default_threads())
    whole, fast = load_encoder(bundled_folder()), load_encoder(options.fast)
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        kept = [Remembering(encoder, cache) for encoder in (whole, fast, Pruned())]
        tables = [similarity(kept, options.data), retrieval(kept, options.data, RETRIEVAL)]
    texts, questions = mixed(options.data, 150)
    theirs = SentenceTransformer(str(bundled_folder()), device="cpu")
    encode = {
        THEIRS: lambda some: theirs.encode(list(some), normalize_embeddings=True),
        whole.name: whole.encode_passages,
        fast.name: fast.encode_passages,
    }
    speed = measured(encode, texts, questions, whole.tokenizer, options.rounds)
    (RESULTS / "fast_encoder.json").write_text(json.dumps([asdict(one) for one in tables], indent=2) + "\n", "utf-8")
    parts = [*map(markdown, tables), "## Speed\n\n" + "\n".join(speed)]
    parts.append("The share of the products' rate counts all six layers, also for the encoder that has three.")
    write_result("fast_encoder", "Three layers instead of six", "\n\n".join(parts), "onnxruntime", "torch")


if __name__ == "__main__":
    main()
