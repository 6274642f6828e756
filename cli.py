"""Doorway for a checkout: ``python cli.py query "..."`` is ``searchkit query "..."``."""

from __future__ import annotations

import sys

from searchkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
