"""Harm done to an index as disks and careless hands do it, behind the back of everything that would notice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def alter(folder: Path, *statements: str) -> None:
    """Change rows without the triggers that would renew checksums and words; they are there again afterwards."""
    with closing(sqlite3.connect(folder / "searchkit.db", isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        connection.execute("BEGIN")
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")


def flip(file: Path, *bits: int) -> None:
    """Turn single bits of a file round."""
    data = bytearray(file.read_bytes())
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(bytes(data))


def settle(folder: Path) -> None:
    """Fold the log into the database, so that all of it lies in one file."""
    with closing(sqlite3.connect(folder / "searchkit.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
