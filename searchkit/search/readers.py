"""Connections to the database of an index, each lent to one reader at a time.

They are not bound to threads: those of a server come and go and would leave theirs behind, and whoever walks through
all chunks may search meanwhile.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from searchkit.directory import IndexFolder
from searchkit.errors import IndexNotFoundError, InputError
from searchkit.store import StoreReader


class ReaderPool:
    """Opens connections as they are needed and keeps them for the next reader.

    No lock guards it: a deque's own steps cannot be torn, and an abandoned generator may give its connection back
    at any moment, even in the middle of these methods.
    """

    def __init__(self, folder: IndexFolder) -> None:
        self._folder = folder
        self._idle: deque[StoreReader] = deque()
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[StoreReader]:
        """One committed state of the database."""
        reader = self._borrow()
        try:
            with reader.snapshot():
                yield reader
        finally:
            self._idle.append(reader)
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

    def _borrow(self) -> StoreReader:
        self.check_open()
        if self._process != os.getpid():  # SQLite's connections do not survive a fork
            self._process, self._idle = os.getpid(), deque()
        with suppress(IndexError):
            return self._idle.pop()
        if not self._folder.database.exists():
            raise IndexNotFoundError(
                f"there is no index in {self._folder.path}", hint="make one: searchkit index FOLDER"
            )
        return StoreReader(self._folder.database)

    def _drain(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
