"""Opening ``searchkit.db``: for one writer, and for any number of readers beside it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from urllib.parse import quote

from searchkit.errors import IndexDamagedError, IndexNotFoundError, IndexStateError, InputError
from searchkit.store.checksums import register_checksums
from searchkit.store.functions import raise_interrupt
from searchkit.store.schema import check_version, migrate

MEND = "see what is wrong with `searchkit verify`, mend it with `searchkit repair`"
BUSY_TIMEOUT_S = 10.0
CACHE_KIB = 16_384
_SIGNS_OF_DAMAGE = (
    *("malformed", "not a database", "disk image", "Could not decode", "user-defined function raised"),
    "no such table",
)


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that creates, migrates and writes. The caller holds the writer lock."""
    with translated(path):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            check_version(connection)  # before anything is changed: it may be a database of another program
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")  # on macOS a mere fsync leaves it to the disk when it writes
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Works in a folder without write permission too."""
    with translated(path):
        if is_half_done(path):
            raise IndexStateError(
                f"a change of {path} was cut off and has to be undone first",
                hint="run the command that was cut off again",
            )
        frozen = is_frozen(path)
        if frozen and _has_log(path):
            raise IndexStateError(
                f"{path.parent} cannot be written to, and {path.name}-wal holds changes that {path.name} lacks",
                hint="run `searchkit compact` where the folder can be written to",
            )
        connection = sqlite3.connect(
            read_only_address(path.absolute()) + ("&immutable=1" if frozen else ""),
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            register_checksums(connection)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")  # a hostile schema may not call functions
            if check_version(connection) == 0:
                raise IndexNotFoundError(f"{path} is empty", hint="run `searchkit index FOLDER` to fill it")
        except BaseException:
            connection.close()
            raise
        return connection


def read_only_address(path: PurePath) -> str:
    """The URI by which SQLite opens an absolute path for reading. A Path's own would name the server of a Windows share
    (``//server/share``), and SQLite takes none."""
    place = quote(os.fsencode(path.as_posix()), safe="/:")
    return f"file://{'' if place.startswith('/') else '/'}{place}?mode=ro"


def is_frozen(path: Path) -> bool:
    """Whether the file has to be taken as one that does not change.

    To see changes SQLite needs the -shm file beside it. Where that is absent nobody writes at the moment, and where it
    cannot be made nobody who begins to write will know of us.
    """
    return not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-shm").exists()


def is_half_done(path: Path) -> bool:
    """Whether the first run was cut off while SQLite still kept a journal for undoing; only a writer can."""
    try:
        return path.with_name(path.name + "-journal").stat().st_size > 0
    except OSError:
        return False


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours, naming the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise_interrupt()
        text = str(error)
        is_corrupt = type(error) is sqlite3.DatabaseError  # so Python calls SQLITE_CORRUPT, whatever FTS5 says of it
        if is_corrupt or any(sign in text for sign in _SIGNS_OF_DAMAGE):
            raise IndexDamagedError(f"{path.name} is damaged: {text.splitlines()[0][:200]}", hint=MEND) from error
        if isinstance(error, sqlite3.OperationalError):
            raise IndexStateError(f"{path.name}: {text}", hint=_operational_hint(text)) from error
        raise
    except UnicodeDecodeError as error:  # an error of SQLite that quotes what is damaged is no text to Python
        if not any(sign.encode() in error.object for sign in _SIGNS_OF_DAMAGE):
            raise
        text = error.object.decode("utf-8", "replace")
        raise IndexDamagedError(f"{path.name} is damaged: {text.splitlines()[0][:200]}", hint=MEND) from error
    except UnicodeEncodeError as error:  # a lone surrogate, as a word of another encoding has on the command line
        raise InputError(f"{error.object!r} is not text that an index can hold", hint="is it UTF-8?") from error


def _operational_hint(text: str) -> str:
    if "full" in text:
        return "free some disk space and run the command again; what was committed before is kept"
    if "readonly" in text or "unable to open" in text:
        return "check the permissions of the index folder"
    if "locked" in text:
        return "another process is using the index; try again"
    return "nothing of this change was kept; try again"


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """One snapshot to read from, or one change that happens wholly or not at all."""
    try:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        yield connection
        connection.execute("COMMIT")
    except BaseException:  # an interrupt may come right after BEGIN, and COMMIT may find the disk full
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
