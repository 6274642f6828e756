"""What all writing stands on: a connection, and a reader that sees what it has not yet committed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.store.reader import StoreReader


class TableWriter:
    """Writes on one connection, in the transaction that it is in."""

    def __init__(self, connection: sqlite3.Connection, path: Path, read: StoreReader) -> None:
        self._connection, self._path = connection, path
        self.read = read
