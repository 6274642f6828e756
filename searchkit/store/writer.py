"""Changing the database. The caller holds the writer lock; each public change is one transaction.

What a reader sees after a crash: the state of the last transaction that returned, whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from searchkit.store.connection import connect_writer, transaction, translated
from searchkit.store.lexical.tables import make_lexical_index, optimize_lexical_index
from searchkit.store.reader import StoreReader
from searchkit.store.writing.sources import SourceWriter
from searchkit.store.writing.vectors import VectorWriter

WASTED_SHARE = 0.1


class StoreWriter(SourceWriter, VectorWriter):
    """The one connection that writes; ``read`` sees its own uncommitted changes."""

    def __init__(self, path: Path, on_commit: Callable[[str, int], None] = lambda _identity, _revision: None) -> None:
        """Open the database; ``on_commit`` is told its identity and revision after each commit."""
        connection = connect_writer(path)
        super().__init__(connection, path, StoreReader(path, connection))
        self._on_commit = on_commit

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, on_commit: Callable[[str, int], None] = lambda _identity, _revision: None
    ) -> Iterator[StoreWriter]:
        """The writer, closed in the end; SQLite's errors come out as ours."""
        with translated(path):
            writer = cls(path, on_commit)
            try:
                yield writer
            finally:
                writer.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction that also moves the revision on, so that readers notice."""
        with translated(self._path), transaction(self._connection, write=True):
            yield
            identity = self.read.identity()
            if identity is None:
                identity = secrets.token_hex(8)
                self._set("identity", identity)
            revision = int(self.read._setting("revision", default=secrets.randbits(48))) + 1
            self._set("revision", revision)
            self._set("updated", datetime.now(timezone.utc).isoformat(timespec="seconds"))
        self._on_commit(identity, revision)

    # --- words

    def rebuild_lexical(self) -> None:
        """Make the lexical index anew from the chunks; that there was need not be sound."""
        make_lexical_index(self._connection)

    def optimize_lexical(self) -> None:
        """Merge the parts of the lexical index, one of which each commit adds, so that a word is looked up once."""
        optimize_lexical_index(self._connection)

    # --- room

    def return_room(self) -> None:
        """Give pages that hold nothing any more back to the disk, and fold the log into the database.

        SQLite writes the database anew for it, so it is done only where a tenth of it is empty.
        """
        with translated(self._path):
            free, pages = self._pragma("freelist_count"), self._pragma("page_count")
            if free > pages * WASTED_SHARE:
                self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as far as readers allow

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
