"""The database is that of this index, and lacks no commit that was acknowledged: asked whenever one is opened."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from searchkit.directory import (
    IndexFolder,
    LastCommit,
    WriterLock,
    finish_replacement,
    forget_commit,
    network_file_system,
    note_commit,
    read_commit,
)
from searchkit.errors import IndexDamagedError, IndexNotFoundError, SearchkitWarning
from searchkit.store import MEND, StoreReader, StoreWriter
from searchkit.store.connection import is_half_done

_warned: set[Path] = set()


@contextmanager
def writing(folder: IndexFolder, *, wait_s: float = 0) -> Iterator[StoreWriter]:
    """The one writer of an index whose folder exists; every commit of it is noted beside the database.

    Raises:
        IndexLockedError: another process is writing, and still was after ``wait_s`` seconds.
        IndexDamagedError: commits are missing, or the database is of another index; writing on would cover that up.
    """
    _warn_of_network(folder)
    with WriterLock(folder, wait_s=wait_s):
        finish_replacement(folder)  # else it would be taken up when what is written now stands in its way
        if not folder.holds_index():
            forget_commit(folder)
        _check_nothing_is_missing(folder)
        with StoreWriter.opened(folder.database, noting(folder)) as store:
            yield store


def _warn_of_network(folder: IndexFolder) -> None:
    """Once a process and folder."""
    kind = network_file_system(folder.path)
    if kind is None or folder.path in _warned:
        return
    _warned.add(folder.path)
    what = (
        f"{folder.path} is on a network file system ({kind}): let one machine alone use it, or keep it on a local disk"
    )
    warnings.warn(what, SearchkitWarning, stacklevel=4)


def _check_nothing_is_missing(folder: IndexFolder) -> None:
    if not folder.holds_index() or is_half_done(folder.database):
        return
    try:
        open_reader(folder).close()
    except IndexNotFoundError as error:  # of a first run that was cut off at once, unless something had been written
        if read_commit(folder) is not None:
            raise IndexDamagedError(f"{error.message}, though it was not", hint=MEND) from error


def open_reader(folder: IndexFolder) -> StoreReader:
    """A connection to the database of this index, which lacks no commit."""
    last = read_commit(folder)  # before the database, which may go on meanwhile
    reader = StoreReader(folder.database)
    try:
        with reader.snapshot():
            _check_noted(folder, last, reader)
    except BaseException:
        reader.close()
        raise
    return reader


def _check_noted(folder: IndexFolder, last: LastCommit | None, reader: StoreReader) -> None:
    if is_swapped(folder, last, reader):
        raise IndexDamagedError(
            f"{folder.database} is the database of another index, put in the place of the one that belongs here",
            hint="put that one back; or keep this one, and its documents, with `searchkit repair`",
        )
    missing = missing_commits(last, reader)
    if missing:
        raise IndexDamagedError(
            f"{folder.database} lacks {missing_words(missing)}, though acknowledged: a part of its log is "
            "damaged or was left behind when it was copied, or an older copy was put in its place",
            hint="`searchkit repair` brings back what the log still holds; `searchkit index` reads the files again",
        )


def is_swapped(folder: IndexFolder, last: LastCommit | None, reader: StoreReader) -> bool:
    """Whether the last commit was that of another database; noted anew meanwhile, where an index was made anew."""
    return _is_of_another(last, reader) and _is_of_another(read_commit(folder), reader)


def _is_of_another(last: LastCommit | None, reader: StoreReader) -> bool:
    return last is not None and last.identity != "" and reader.identity() != last.identity  # "": too old to have one


def missing_commits(last: LastCommit | None, reader: StoreReader) -> int:
    """How many commits were acknowledged that the database does not have."""
    if last is None or reader.identity() != last.identity:
        return 0
    return max(0, last.revision - reader.revision())


def missing_words(number: int) -> str:
    return "the last commit" if number == 1 else f"the last {number:,} commits"


def noting(folder: IndexFolder) -> Callable[[str, int], None]:
    """What a writer calls after each commit."""
    return lambda identity, revision: note_commit(folder, LastCommit(identity, revision))
