"""What all reading stands on: a connection, and whether its rows have checksums."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexDamagedError
from searchkit.store.connection import MEND

if TYPE_CHECKING:
    from searchkit.types import Ids


class TableReader:
    """Reads from one connection, in the transaction that it is in."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._is_checked = has_checksums(connection)

    def _scalar(self, sql: str, *parameters: object) -> int:
        return int(self._connection.execute(sql, parameters).fetchone()[0])

    def _ids(self, sql: str, *parameters: object) -> Ids:
        return np.fromiter((row[0] for row in self._connection.execute(sql, parameters)), dtype=np.int64)


def has_checksums(connection: sqlite3.Connection) -> bool:
    """Whether a writer of version 3 has been here; until then nothing can be compared."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) >= 3


def altered(what: str) -> IndexDamagedError:
    """The error for a row that is not what its checksum says."""
    return IndexDamagedError(f"{what} is not as it was written", hint=MEND)
