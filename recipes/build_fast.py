"""Train the fast encoder and write it as graphs: one command, one recipe, one seed.

    python recipes/build_fast.py --data FOLDER --out searchkit/encoder/bundled/fast

``--data`` is the folder that the recipe's paths start from. A run that was cut off goes on with ``--resume``. The run,
its log and the float32 checkpoint stay in ``runs``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from build_bundled import NAME, ship, trained

from searchkit.errors import SearchkitError

FAST = f"{NAME}-fast"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    try:
        ship(trained("fast-encoder", options.data, resume=options.resume, name=FAST), options.out, base=NAME)
    except SearchkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
