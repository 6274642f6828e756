"""The names inside an index folder, and the rule that nothing foreign is written over."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from searchkit.directory.syncing import sync_folder
from searchkit.errors import IndexDamagedError, IndexNotFoundError, IndexStateError

DB_NAME = "searchkit.db"
LOCK_NAME = "writer.lock"
HOLDER_NAME = "writer.json"
COMMIT_NAME = "last-commit"
CHECKED_NAME = "checked.json"
_VECTORS = re.compile(r"vectors-[0-9]{1,18}\.faiss")
_OURS = re.compile(
    rf"{re.escape(DB_NAME)}(-wal|-shm|-journal)?|{re.escape(LOCK_NAME)}|{re.escape(HOLDER_NAME)}"
    rf"|{COMMIT_NAME}|{re.escape(CHECKED_NAME)}(\.[0-9]+\.tmp)?|{_VECTORS.pattern}(\.tmp)?"
    rf"|{re.escape(DB_NAME)}\.(mended(-part)?|damaged-[0-9]+)(-wal|-shm|-journal)?"
)

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # of file managers, wherever they were


def _is_plain(item: os.DirEntry[str]) -> bool:
    return item.is_file(follow_symlinks=False)


@dataclass(frozen=True, slots=True)
class IndexFolder:
    """Where the parts of one index are."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / DB_NAME

    @property
    def lock(self) -> Path:
        return self.path / LOCK_NAME

    @property
    def holder(self) -> Path:
        return self.path / HOLDER_NAME

    @property
    def last_commit(self) -> Path:
        return self.path / COMMIT_NAME

    @property
    def checked(self) -> Path:
        """Which vectors file was compared with its record, and what it looked like then."""
        return self.path / CHECKED_NAME

    def vectors(self, name: str) -> Path:
        """Gives the path of a vectors file by the name that the database records.

        Raises:
            IndexDamagedError: any other name, such as one that leads out of the folder.
        """
        if not _VECTORS.fullmatch(name):
            raise IndexDamagedError(
                f"{self.database} names the vectors file {name!r}; expected vectors-NUMBER.faiss",
                hint="run `searchkit repair`",
            )
        return self.path / name

    def holds_index(self) -> bool:
        """Whether there is a database here. Unreadable folders raise IndexStateError."""
        try:
            return self.database.is_file()
        except OSError as exc:
            raise IndexStateError(f"{self.path} cannot be read: {exc.strerror}") from exc

    def require(self) -> None:
        """Raises IndexNotFoundError when no index is here, IndexStateError as `check_own_files` does."""
        if not self.holds_index():
            found = f"it has no {DB_NAME}" if self.path.is_dir() else "no such folder"
            raise IndexNotFoundError(
                f"no index at {self.path}: {found}", hint="run `searchkit index FOLDER` to make one"
            )
        self.check_own_files()

    def check_own_files(self) -> None:
        """Looks at what has one of our names before any of it is opened: the folder may come from anyone.

        Raises:
            IndexStateError: one is a link, through which a file elsewhere would be read or written, or a pipe or a
                device, which may never answer.
        """
        try:
            with os.scandir(self.path) as listing:
                odd = [item.name for item in listing if _OURS.fullmatch(item.name) and not _is_plain(item)]
        except OSError as exc:
            raise IndexStateError(f"{self.path} cannot be read: {exc.strerror}") from exc
        if odd:
            raise IndexStateError(
                f"{self.path / min(odd)} is a link or no file at all; an index keeps its files in its folder",
                hint="do not use an index folder of strangers before you know how this came to be there",
            )

    def create(self) -> None:
        """Makes the folder, with the permissions that the umask gives. One that holds an index is left as
        it is.

        Raises:
            IndexStateError: a file is in the way, the folder holds other things, or it cannot be made.
        """
        try:
            if self.path.exists() and not self.path.is_dir():
                raise IndexStateError(f"{self.path} is a file; expected a folder", hint="choose another --index")
            self._make()
            foreign = self.foreign()
        except OSError as exc:
            raise IndexStateError(f"{self.path} cannot be made: {exc.strerror}") from exc
        if foreign and not self.holds_index():
            shown = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
            raise IndexStateError(
                f"{self.path} is not an index: it holds {shown}",
                hint="choose an empty or a new folder with --index",
            )

    def foreign(self) -> list[str]:
        """The names of other things here, sorted."""
        names = (item.name for item in self.path.iterdir())
        return sorted(name for name in names if not _OURS.fullmatch(name) and name not in _LITTER)

    def _make(self) -> None:
        """Make the folder and those above it, their names synced: else a power cut could take all that is in it."""
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            sync_folder(folder.parent)

    def vector_files(self) -> list[Path]:
        """Gives the vectors files here, finished or not, by name."""
        return sorted(item for item in self.path.iterdir() if _VECTORS.fullmatch(item.name.removesuffix(".tmp")))
