"""Vectors files: written whole or not at all, and compared with their record before anyone reads them.

What a reader sees after a crash: before the rename, a ``.tmp`` that no name refers to; between the rename
and the database's commit, a complete file that no record names. Both are removed by the next writer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from searchkit.directory.folder import IndexFolder
from searchkit.errors import IndexDamagedError, IndexStateError

_READ_AT_ONCE = 1 << 20


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


def write_generation(folder: IndexFolder, generation: int, writer: Callable[[Path], None]) -> GenerationFile:
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
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        record = GenerationFile(final.name, _sha256(temporary), temporary.stat().st_size)
        temporary.replace(final)
        _sync_folder(folder.path)
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
    try:
        if not path.is_file():  # also keeps from waiting for ever on a pipe
            raise _damaged(path, "is missing")
        size = path.stat().st_size
        if size != record.size:
            raise _damaged(path, f"has {size} bytes; expected {record.size}")
        if _sha256(path) != record.sha256:
            raise _damaged(path, "was altered: its SHA-256 is not the recorded one")
    except OSError as exc:
        raise _damaged(path, f"cannot be read: {exc.strerror}") from exc
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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut. Windows has no such call and orders renames itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(f"{path} {what}", hint="it is derived and can be built again from the database")
