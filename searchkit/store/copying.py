"""A copy of the database as of one moment, while others read and write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from searchkit.store.connection import connect_reader, transaction, translated

PAGES_A_STEP = 2048


def copy_database(source: Path, copy: Path, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """Write what was last committed to a new file, with SQLite's own means; ``progress`` is told pages.

    Raises:
        IndexDamagedError: SQLite cannot read the source.
        IndexStateError: the copy cannot be written.
    """
    with (
        translated(source),
        closing(connect_reader(source)) as connection,
        translated(copy),
        closing(sqlite3.connect(copy)) as target,
        transaction(connection),  # one snapshot, so that it never starts over
    ):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.backup(
            target, pages=PAGES_A_STEP, progress=lambda _, left, total: progress(total - left, total), sleep=0
        )
