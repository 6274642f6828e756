"""Train the bundled encoder and write it in the form that ships: one command, two recipes, one seed.

    python recipes/build_bundled.py --base FOLDER --data FOLDER --out searchkit/encoder/bundled/default

``--base`` is a folder with the all-MiniLM-L6-v2 checkpoint (its ``model.safetensors`` is checked), ``--data`` the
folder that the recipes' paths start from. Both runs begin with this checkpoint; what the second changed in it is added
to what the first made of it. A run that was cut off goes on with ``--resume``. The runs, their logs and the float32
checkpoints stay in ``runs``.

Ilharco, Ribeiro, Wortsman et al. 2023, "Editing Models with Task Arithmetic", https://arxiv.org/abs/2212.04089
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from safetensors.numpy import load_file, save_file

from searchkit.encoder import export_onnx
from searchkit.encoder.weights import file_sha256
from searchkit.errors import CheckpointError, SearchkitError
from searchkit.training import TrainingProgress, load_recipe, train

NAME = "searchkit-minilm-2"
RECIPES = ("bundled-encoder", "bundled-sentences")
RUNS = Path("runs")
WEIGHTS = "model.safetensors"
FACTS = "training.json"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    try:
        check_base(options.base)
        runs = [trained(name, options.data, base=str(options.base), resume=options.resume) for name in RECIPES]
        both = RUNS / NAME
        add_change(*runs, options.base, both)
        ship(both, options.out, base="all-MiniLM-L6-v2")
    except SearchkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def trained(recipe: str, data: Path, *, base: str | None = None, resume: bool, name: str = "") -> Path:
    """The checkpoint of a recipe in ``runs``, under the recipe's name or another; trained unless it is there."""
    out = RUNS / (name or recipe)
    if not out.exists():
        settings = load_recipe(Path(__file__).with_name(f"{recipe}.toml"), root=data, base=base)
        train(settings, out, progress=tell, resume=resume)
    return out


def ship(checkpoint: Path, out: Path, *, base: str) -> None:
    """Write a checkpoint in the form that ships, under its folder's name."""
    report = export_onnx(
        checkpoint, out, name=checkpoint.name, base=base, license="Apache-2.0", max_tokens=256, overwrite=True
    )
    print(
        f"{report.folder}: {report.size_bytes / 1e6:.1f} MB, least cosine to torch {report.graphs[0].least_cosine:.6f}"
    )


def check_base(folder: Path) -> None:
    """Refuse any other start: the recipes' figures hold for this one."""
    found = file_sha256(folder / WEIGHTS)
    if found != BASE_SHA256:
        raise CheckpointError(
            f"{folder} is another checkpoint: SHA-256 {found[:12]}..., expected {BASE_SHA256[:12]}..."
        )


def add_change(first: Path, second: Path, base: Path, out: Path) -> None:
    """Write the checkpoint ``first`` with ``second - base`` added to its weights; ``out`` is replaced."""
    weights, changed, start = (load_file(folder / WEIGHTS) for folder in (first, second, base))
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(first, out)
    total = {name: one.astype("float32") + (changed[name] - start[name]) for name, one in weights.items()}
    save_file(total, out / WEIGHTS, metadata={"format": "pt"})
    facts = json.loads((out / FACTS).read_text(encoding="utf-8"))
    (out / FACTS).write_text(json.dumps({**facts, "name": out.name}, indent=2) + "\n", encoding="utf-8")


def tell(progress: TrainingProgress) -> None:
    if progress.step % 10 == 0:
        print(
            f"{time.strftime('%H:%M:%S')} step {progress.step}/{progress.steps} loss {progress.loss:.3f} "
            f"{progress.sentences_per_s:.0f} sentences/s ({progress.source})",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
