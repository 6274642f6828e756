"""The last commit that was acknowledged, told a second time beside the database.

SQLite's log has checksums: where one does not fit, SQLite takes the log to end there, as it must after a power cut. So
a damaged or missing log looks like an older database, and commits that were acknowledged are gone without a word.
This file gives them a word: one line with the identity of the index, its revision, and a checksum of both.

It is written after each commit and not synced. After a crash it may be older than the database, never newer, and one
that cannot be read says nothing. Whoever makes a database where there is none removes it first: so a note of another
identity than the database means that the database of another index was put here.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass

from searchkit.directory.folder import IndexFolder
from searchkit.directory.syncing import sync_folder

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class LastCommit:
    """``identity`` tells this index from one that was made anew in its place; ``revision`` grows by commits."""

    identity: str
    revision: int


def note_commit(folder: IndexFolder, commit: LastCommit) -> None:
    """Writes the line. What keeps it from being written (a full disk) does not undo the commit."""
    line = f"{commit.identity} {commit.revision:020d}"
    data = f"{line} {zlib.crc32(line.encode()):08x}\n".encode()
    with suppress(OSError):
        handle = os.open(folder.last_commit, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            os.write(handle, data)  # one line over another of the same length, in one call
        finally:
            os.close(handle)


def forget_commit(folder: IndexFolder) -> None:
    """Removes the line, of an index whose database is gone; for good, before there is another one."""
    with suppress(FileNotFoundError):
        folder.last_commit.unlink()
        sync_folder(folder.path)


def read_commit(folder: IndexFolder) -> LastCommit | None:
    """Gives the last commit that was noted; None when none was, or the line is not whole."""
    try:
        with folder.last_commit.open("rb") as file:
            line, _, checksum = file.read(_LONGEST).decode("ascii").rstrip("\n").rpartition(" ")
        identity, revision = line.split(" ")
        is_whole = int(checksum, 16) == zlib.crc32(line.encode())
        return LastCommit(identity, int(revision)) if is_whole else None
    except (OSError, ValueError):
        return None
