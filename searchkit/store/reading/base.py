"""What all reading stands on: a connection, and how a row is compared with its checksum."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexDamagedError
from searchkit.store.checksums import CHECKED_SINCE, checksum_of
from searchkit.store.connection import MEND

if TYPE_CHECKING:
    from searchkit.types import Ids


class TableReader:
    """Reads from one connection, in the transaction that it is in."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._version = int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _sound(self, table: str, prefix: str = "") -> str:
        """SQL for whether a row is as it was written: always, until a writer has given the table checksums."""
        return f"{prefix}checksum IS {checksum_of(table, prefix)}" if self._is_checked(table) else "1"

    def _is_checked(self, table: str) -> bool:
        return self._version >= CHECKED_SINCE[table]

    def _scalar(self, sql: str, *parameters: object) -> int:
        return int(self._connection.execute(sql, parameters).fetchone()[0])

    def _ids(self, sql: str, *parameters: object) -> Ids:
        return np.fromiter((row[0] for row in self._connection.execute(sql, parameters)), dtype=np.int64)


def altered(what: str) -> IndexDamagedError:
    """The error for a row that is not what its checksum says."""
    return IndexDamagedError(f"{what} is not as it was written", hint=MEND)
