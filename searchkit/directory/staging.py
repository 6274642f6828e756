"""A whole index folder, put in its place at once: made beside, synced, renamed.

.NAME.part   is being made; a leftover is removed by the next try
.NAME.old    what was in the place before, for the moment between two renames; the next try puts it back if the
             crash came right then, and removes it otherwise
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from searchkit.directory.folder import IndexFolder
from searchkit.directory.lock import WriterLock
from searchkit.directory.syncing import sync_folder, sync_tree
from searchkit.errors import IndexStateError

_OPEN_FILES_MOVE = os.name != "nt"  # whether a folder can be renamed in which a file is open, as a lock is


@contextmanager
def staged_folder(place: Path, *, overwrite: bool, wait_s: float = 0) -> Iterator[IndexFolder]:
    """Gives an empty folder that takes ``place`` when the block ends without an error; else nothing is changed.

    Args:
        overwrite: an index may be there already.
        wait_s: how long to wait for who writes there.

    Raises:
        IndexStateError: something else is there, or an index and ``overwrite`` is False, or it cannot be written.
        IndexLockedError: somebody writes there, or makes the same folder at this moment.
    """
    part, old = place.with_name(f".{place.name}.part"), place.with_name(f".{place.name}.old")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if part.is_symlink():  # planted: what it leads to would be emptied
            raise IndexStateError(f"{part} is a link; expected nothing, or what an earlier try has left")
        part.mkdir(exist_ok=True)
        with ExitStack() as locks:
            held = [locks.enter_context(WriterLock(IndexFolder(part)))]
            locks.callback(shutil.rmtree, part, ignore_errors=True)  # while it is locked, so never that of another
            if old.exists() and not place.exists():
                old.replace(place)
            _check_free(place, overwrite=overwrite)
            _empty(part)
            if place.is_dir() and any(place.iterdir()):  # perhaps of a writer who has no database yet
                held.append(locks.enter_context(WriterLock(IndexFolder(place), wait_s=wait_s)))
                _check_free(place, overwrite=overwrite)  # it may have one now
            yield IndexFolder(part)
            sync_tree(part)
            if not _OPEN_FILES_MOVE:
                for lock in held:
                    lock.release()
            _exchange(part, place, old)
    except OSError as exc:
        raise IndexStateError(f"{place} cannot be written: {exc.strerror or exc}") from exc


def _check_free(place: Path, *, overwrite: bool) -> None:
    if not place.exists() and not place.is_symlink():
        return
    if place.is_symlink() or not place.is_dir():
        raise IndexStateError(f"{place} is there and is no folder", hint="choose another place")
    if IndexFolder(place).holds_index():
        if not overwrite:
            raise IndexStateError(f"{place} holds an index", hint="replace it with --overwrite")
    elif IndexFolder(place).foreign():
        raise IndexStateError(f"{place} holds other things", hint="choose an empty or a new folder")


def _empty(part: Path) -> None:
    """Remove what a try that was cut off has left, but for the lock that is held."""
    for item in part.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item != IndexFolder(part).lock:
            item.unlink()


def _exchange(part: Path, place: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    try:
        part.replace(place)
    except OSError:
        if not place.exists() and old.exists():
            old.replace(place)
            raise
        if not place.is_dir() or IndexFolder(place).holds_index():
            raise
        shutil.rmtree(place)  # of a writer that came between the two: it asked for the lock, and will again
        part.replace(place)
    sync_folder(place.parent)
    shutil.rmtree(old, ignore_errors=True)
