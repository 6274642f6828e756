"""Train the bundled encoder and write it in the form that ships: one command, one recipe, one seed.

    python recipes/build_bundled.py --base FOLDER --data FOLDER --out searchkit/encoder/bundled/default

``--base`` is a folder with the all-MiniLM-L6-v2 checkpoint (its ``model.safetensors`` is checked), ``--data`` the
folder that the recipe's paths start from. A run that was cut off goes on with ``--resume``. The run itself, its log
and the float32 checkpoint stay in ``runs/bundled-encoder``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path

from searchkit.encoder import export_onnx
from searchkit.errors import CheckpointError, SearchkitError
from searchkit.training import TrainingProgress, load_recipe, train

RECIPE = Path(__file__).with_name("bundled-encoder.toml")
RUN = Path("runs/bundled-encoder")
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
        if not RUN.exists():
            recipe = load_recipe(RECIPE, root=options.data, base=str(options.base))
            train(recipe, RUN, progress=tell, resume=options.resume)
        report = export_onnx(
            RUN,
            options.out,
            name="searchkit-minilm-1",
            base="all-MiniLM-L6-v2",
            license="Apache-2.0",
            max_tokens=256,
            overwrite=True,
        )
    except SearchkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{report.folder}: {report.size_bytes / 1e6:.1f} MB, least cosine to torch {report.graphs[0].least_cosine:.6f}"
    )
    return 0


def check_base(folder: Path) -> None:
    """Refuse any other start: the recipe's figures hold for this one."""
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE_SHA256:
        raise CheckpointError(
            f"{folder} is another checkpoint: SHA-256 {found[:12]}..., expected {BASE_SHA256[:12]}..."
        )


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
