"""Putting a mended database in the place of a damaged one, which is kept.

    searchkit.db.mended-part     is being made; a leftover means nothing
    searchkit.db.mended          whole and synced; from here on the exchange is finished, by the next repair if need be
    searchkit.db.damaged-<n>     the old database, with ``-wal`` its log

The log has to be gone before the new database comes: SQLite would write it into that one. In between, the last commit
that was noted tells readers that the database without its log is not all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from searchkit.directory.folder import IndexFolder
from searchkit.directory.syncing import sync_file, sync_folder
from searchkit.errors import IndexStateError


def place_for_mended(folder: IndexFolder) -> Path:
    """Gives where the new database is to be made; nothing of an earlier try is left there.

    Raises:
        IndexStateError: what is left cannot be removed.
    """
    place = _part(folder)
    with _replacing(folder):
        for ending in ("", "-wal", "-shm", "-journal"):
            _beside(place, ending).unlink(missing_ok=True)
    return place


def replace_database(folder: IndexFolder) -> Path:
    """Puts the database made at `place_for_mended` in the place of the damaged one; gives where that is kept.

    Raises:
        IndexStateError: the folder cannot be written to; what is there then is as described above.
    """
    part = _part(folder)
    with _replacing(folder):
        sync_file(part)
        part.replace(_mended(folder))
        sync_folder(folder.path)
    return finish_replacement(folder) or folder.database


def finish_replacement(folder: IndexFolder) -> Path | None:
    """Goes on where an exchange was cut off; gives where the old database is kept, or None when none was begun.

    Raises:
        IndexStateError: as `replace_database`.
    """
    mended = _mended(folder)
    if not mended.exists():
        return None
    with _replacing(folder):
        aside = _kept_aside(folder)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                _beside(folder.database, ending).replace(_beside(aside, ending))
        _keep(folder.database, aside)
        mended.replace(folder.database)
        sync_folder(folder.path)
    return aside


@contextmanager
def _replacing(folder: IndexFolder) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise IndexStateError(f"{folder.database} could not be replaced: {exc.strerror}") from exc


def _part(folder: IndexFolder) -> Path:
    return _beside(folder.database, ".mended-part")


def _mended(folder: IndexFolder) -> Path:
    return _beside(folder.database, ".mended")


def _kept_aside(folder: IndexFolder) -> Path:
    """A name that is free, or that has only the log as yet."""
    places = (_beside(folder.database, f".damaged-{number}") for number in count(1))
    return next(place for place in places if not place.exists() or place.samefile(folder.database))


def _keep(database: Path, aside: Path) -> None:
    """A second name, so that there is a database at every moment; or a copy, where files have one name alone."""
    if aside.exists():
        return
    try:
        aside.hardlink_to(database)
    except OSError:
        shutil.copyfile(database, aside)


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)
