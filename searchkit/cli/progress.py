"""The progress of long work, on standard error where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from searchkit.cli.terminal import wants_rich

if TYPE_CHECKING:
    from searchkit.search.reports import ProgressSink


@contextmanager
def progress_bar() -> Iterator[ProgressSink | None]:
    """A progress bar when standard error is a terminal; None otherwise."""
    if not wants_rich(sys.stderr):
        yield None
        return
    from searchkit.cli.console import IndexProgress

    with IndexProgress() as show:
        yield show
