"""Train the fast encoder and write it as graphs: one command, one recipe, one seed.

    python recipes/build_fast.py --data FOLDER --out searchkit/encoder/bundled/fast

``--data`` is the folder that the recipe's paths start from. A run that was cut off goes on with ``--resume``. The run,
its log and the float32 checkpoint stay in ``runs``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from build_bundled import RUNS, tell

from searchkit.encoder import export_onnx
from searchkit.errors import SearchkitError
from searchkit.training import load_recipe, train

NAME = "searchkit-minilm-2-fast"
RECIPE = Path(__file__).with_name("fast-encoder.toml")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    try:
        if not (RUNS / NAME).exists():
            train(load_recipe(RECIPE, root=options.data), RUNS / NAME, progress=tell, resume=options.resume)
        report = export_onnx(
            RUNS / NAME,
            options.out,
            name=NAME,
            base="searchkit-minilm-2",
            license="Apache-2.0",
            max_tokens=256,
            overwrite=True,
        )
    except SearchkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{report.folder}: {report.size_bytes / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
