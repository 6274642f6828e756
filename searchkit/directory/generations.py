"""Vectors files: written whole or not at all, and compared with their record before anyone reads them.

What a reader sees after a crash: before the rename, a ``.tmp`` that no name refers to; between the rename
and the database's commit, a complete file that no record names. Both are removed by the next writer.

All bytes are compared once, by SHA-256; ``checked.json`` then notes the file as the system describes it (size,
times, inode), and while that stands the bytes are not read again, so that opening a large index is instant:

    noticed at each opening   a file that is missing, short, long, replaced, copied or written to
    noticed by `check_generation` alone   bytes that changed although nobody wrote: a failing disk

A file that was written carries a time ten seconds in the past, so a write that follows at once, in the same tick of
the clock, changes it too. A missing or unreadable note costs reading the file, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from searchkit.directory.folder import IndexFolder
from searchkit.directory.syncing import sync_file, sync_folder
from searchkit.errors import IndexDamagedError, IndexStateError

_READ_AT_ONCE = 1 << 20
_NANOSECONDS = 10**9
_SETTLED_S = 2  # some file systems count the seconds by twos


class RecordedFile(Protocol):
    """What the database records of a vectors file: its name in the folder, SHA-256 in hex, size in bytes."""

    @property
    def file(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GenerationFile:
    """A vectors file as it was written, to be recorded."""

    name: str
    sha256: str
    size: int


def write_generation(folder: IndexFolder, generation: int, writer: Callable[[Path], object]) -> GenerationFile:
    """Gives the record of a new vectors file, which is complete and on the disk when this returns.

    Args:
        folder: the caller holds its `WriterLock`.
        generation: a number that was never used in this index.
        writer: writes the content to the path it is given.

    Raises:
        IndexStateError: the file cannot be written. Errors of `writer` pass through; nothing is left behind.
    """
    final = folder.vectors(f"vectors-{generation}.faiss")
    temporary = final.with_name(f"{final.name}.tmp")
    try:
        writer(temporary)
        past = time.time_ns() - 5 * _SETTLED_S * _NANOSECONDS
        os.utime(temporary, ns=(past, past))
        sync_file(temporary)
        record = GenerationFile(final.name, _sha256(temporary), temporary.stat().st_size)
        temporary.replace(final)
        sync_folder(folder.path)
        _note(folder, _describe(final, record))
    except OSError as exc:
        raise IndexStateError(f"{final} could not be written: {exc.strerror}") from exc
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return record


def check_generation(folder: IndexFolder, record: RecordedFile) -> Path:
    """Gives the path of the recorded vectors file after comparing all its bytes with the record.

    Raises:
        IndexDamagedError: it is missing, short, long, altered or unreadable, or the name is not one of ours.
    """
    path = folder.vectors(record.file)
    with _readable(path):
        _describe(path, record)
        if _sha256(path) != record.sha256:
            raise _damaged(path, "was altered: its SHA-256 is not the recorded one")
    return path


def trusted_generation(folder: IndexFolder, record: RecordedFile) -> Path:
    """`check_generation`, without reading a file again that was compared before and is as it was then."""
    path = folder.vectors(record.file)
    with _readable(path):
        found = _describe(path, record)
        if _noted(folder) == found:
            return path
        check_generation(folder, record)
        is_settled = time.time_ns() - path.stat().st_mtime_ns > _SETTLED_S * _NANOSECONDS
        if is_settled and _describe(path, record) == found:
            _note(folder, found)
    return path


def remove_stale(folder: IndexFolder, keep: Collection[str]) -> tuple[str, ...]:
    """Removes vectors files that no record names, whole or begun, and gives their names.

    The caller holds the `WriterLock`. A file that cannot go now (mapped by a reader on Windows) stays for
    later.
    """
    removed = []
    for path in folder.vector_files():
        if path.name not in keep:
            with suppress(OSError):
                path.unlink()
                removed.append(path.name)
    return tuple(removed)


def _describe(path: Path, record: RecordedFile | GenerationFile) -> dict[str, str | int]:
    """The file as the system knows it without reading it, after comparing that with the record."""
    if not path.is_file():  # also keeps from waiting for ever on a pipe
        raise _damaged(path, "is missing")
    found = path.stat()
    if found.st_size != record.size:
        raise _damaged(path, f"has {found.st_size} bytes; expected {record.size}")
    return {
        "file": path.name,
        "sha256": record.sha256,
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
        "ctime_ns": found.st_ctime_ns,
        "inode": found.st_ino,
    }


def _noted(folder: IndexFolder) -> object:
    with suppress(OSError, ValueError, RecursionError):
        return json.loads(folder.checked.read_text(encoding="utf-8"))
    return None


def _note(folder: IndexFolder, description: dict[str, str | int]) -> None:
    """Keep what makes the next opening quick. A folder that cannot be written to does without."""
    new = folder.checked.with_name(f"{folder.checked.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        try:
            new.write_text(json.dumps(description) + "\n", encoding="utf-8")
            new.replace(folder.checked)
        finally:
            new.unlink(missing_ok=True)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise _damaged(path, f"cannot be read: {exc.strerror}") from exc


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _damaged(path: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(f"{path} {what}", hint="it is derived and can be built again from the database")
