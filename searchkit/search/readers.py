"""Connections to the database of an index, each lent to one reader at a time.

They are not bound to threads: those of a server come and go and would leave theirs behind, and whoever walks through
all chunks may search meanwhile.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from searchkit.directory import IndexFolder
from searchkit.errors import InputError
from searchkit.search.acknowledged import open_reader
from searchkit.store import StoreReader


@dataclass(frozen=True, slots=True)
class _Place:
    """What a connection is good for: one process (SQLite's may not even be closed after a fork) and one file."""

    process: int
    device: int
    inode: int


class ReaderPool:
    """Opens connections as they are needed and keeps them for the next reader.

    No lock guards it: a deque's own steps cannot be torn, and an abandoned generator may give its connection back
    at any moment, even in the middle of these methods.
    """

    def __init__(self, folder: IndexFolder) -> None:
        self._folder = folder
        self._idle: deque[tuple[_Place, StoreReader]] = deque()
        self._inherited: list[StoreReader] = []
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[StoreReader]:
        """One committed state of the database."""
        place, reader = self._borrow()
        try:
            with reader.snapshot():
                yield reader
        finally:
            if reader.is_frozen:  # the next one is to see what was written meanwhile
                reader.close()
            else:
                self._idle.append((place, reader))
            if self._closed:
                self._drain()

    def check_open(self) -> None:
        """Raises InputError once `close` was called."""
        if self._closed:
            raise InputError("the engine is closed", hint="open the index again")

    def close(self) -> None:
        """Close the connections; one that is lent out is closed when it comes back."""
        self._closed = True
        self._drain()

    def _borrow(self) -> tuple[_Place, StoreReader]:
        self.check_open()
        place = self._place()
        with suppress(IndexError):
            while True:
                opened_at, reader = self._idle.pop()
                if opened_at == place:
                    return place, reader
                if opened_at.process == place.process:
                    reader.close()
                else:
                    self._inherited.append(reader)
        return place, open_reader(self._folder)

    def _place(self) -> _Place:
        try:
            file = self._folder.database.stat()
        except FileNotFoundError:
            self._folder.require()
            raise
        return _Place(os.getpid(), file.st_dev, file.st_ino)

    def _drain(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop()[1].close()
