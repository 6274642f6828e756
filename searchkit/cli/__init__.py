"""The command line. ``main`` is the console script; everything behind it is imported when it is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done or found, 1 nothing found, 2 error, 130 interrupted.

    Args:
        argv: the words after the program's name; ``sys.argv[1:]`` when None.
    """
    from searchkit.cli.app import run
    from searchkit.cli.failures import exit_code_of

    words = list(sys.argv[1:] if argv is None else argv)
    return exit_code_of(lambda: run(words))
