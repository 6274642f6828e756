"""The command line. ``main`` is the console script; everything behind it is imported when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done or found, 1 nothing found, 2 error, 130 interrupted.

    Args:
        argv: the words after the program's name. None means that this is the program: the words are
            ``sys.argv``'s, and the process ends here. By then every index is closed, and the interpreter's
            orderly end would only take apart ONNX Runtime and FAISS, for 50 ms of a query's 400.
    """
    from searchkit.cli.app import run
    from searchkit.cli.failures import exit_code_of

    words = list(sys.argv[1:] if argv is None else argv)
    code = exit_code_of(lambda: run(words))
    if argv is None:
        sys.stderr.flush()
        os._exit(code)
    return code
