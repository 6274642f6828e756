"""A folder on a disk, on a shared file system, or in an object store, by path or by any URL that fsspec knows.

A file appears in it under its name when it is whole: on a disk it is written aside, synced and renamed; a store shows
an object when its upload ends. Two writers of the same file write the same bytes, so that the last one wins nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from uuid import uuid4

from searchkit.directory.syncing import sync_folder
from searchkit.errors import MissingExtraError, ShardsError

ASIDE = ".part"
_READ_AT_ONCE = 1 << 20


def is_url(place: str) -> bool:
    """Whether a place is named by a URL, such as ``s3://bucket/folder``; ``file:`` URLs too."""
    return "://" in place


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path in it.

    Raises:
        MissingExtraError: fsspec, or the package for this kind of URL, is not installed.
        ShardsError: there is no such kind, or no way in: credentials missing, no such host.
    """
    try:
        import fsspec
    except ImportError as exc:
        raise MissingExtraError("fsspec, which opens URLs,", "bulk") from exc
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(url)
    except ImportError as exc:
        raise ShardsError(f"{url} cannot be opened: {exc}", hint="install the package that it names") from exc
    except Exception as exc:  # each store has errors of its own
        raise ShardsError(f"{url} cannot be opened: {exc}", hint=WAY_IN) from exc
    return found


WAY_IN = "check the URL and the credentials that the store's own client uses"


class Place:
    """A flat folder of files with names of ours."""

    def __init__(self, where: str) -> None:
        self.where = where if is_url(where) else str(Path(where).expanduser().resolve())
        self._remote: tuple[Any, str] | None = file_system(where) if is_url(where) else None

    def __str__(self) -> str:
        return self.where

    def names(self) -> list[str]:
        """The files that are there and whole, sorted; none where there is no such folder."""
        with self._translated():
            if self._remote is None:
                folder = Path(self.where)
                found = [entry.name for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []
            else:
                system, path = self._remote
                system.invalidate_cache()
                inside = system.ls(path, detail=False) if system.isdir(path) else []
                found = [name.rstrip("/").rpartition("/")[2] for name in inside]
        return sorted(name for name in found if not name.endswith(ASIDE))

    def size(self, name: str) -> int:
        """The bytes of a file."""
        with self._translated(name):
            if self._remote is None:
                return Path(self.where, name).stat().st_size
            return int(self._remote[0].size(self._path(name)))

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A file to read, which can be sought in."""
        with self._translated(name):
            stream: IO[bytes] = self._open(name)
        with stream:
            yield stream

    def _open(self, name: str) -> Any:
        return Path(self.where, name).open("rb") if self._remote is None else self._remote[0].open(self._path(name))

    def read(self, name: str) -> bytes:
        """All of a file."""
        with self.opened(name) as stream:
            return stream.read()

    def sha256(self, name: str) -> str:
        """Of the bytes of a file, in hex."""
        with self.opened(name) as stream:
            return sha256_of(stream)

    @contextmanager
    def aside(self, name: str) -> Iterator[Path]:
        """A path to write to; when the block ends well the file has its name, and what was under it is replaced."""
        part = f"{name}.{uuid4().hex}{ASIDE}"
        if self._remote is not None:
            with TemporaryDirectory(prefix="searchkit-") as here:
                yield Path(here, part)
                with self._translated(name):
                    self._remote[0].makedirs(self._remote[1], exist_ok=True)
                    self._remote[0].put_file(str(Path(here, part)), self._path(name))
            return
        with self._translated(name):
            folder = Path(self.where)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                yield folder / part
                with (folder / part).open("rb+") as file:
                    os.fsync(file.fileno())
                (folder / part).replace(folder / name)
                sync_folder(folder)
            finally:
                with suppress(OSError):
                    (folder / part).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Take a file away."""
        with self._translated(name):
            if self._remote is None:
                Path(self.where, name).unlink(missing_ok=True)
            else:
                self._remote[0].rm_file(self._path(name))

    def clear_aside(self) -> None:
        """Take away what writers that were killed have left."""
        if self._remote is None and Path(self.where).is_dir():
            for left in Path(self.where).glob(f"*{ASIDE}"):
                with suppress(OSError):
                    left.unlink() if left.is_file() else shutil.rmtree(left)

    def _path(self, name: str) -> str:
        assert self._remote is not None
        return f"{self._remote[1].rstrip('/')}/{name}"

    @contextmanager
    def _translated(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except Exception as exc:
            if self._remote is None and not isinstance(exc, OSError):
                raise  # of who writes; what a store raises can be anything
            what = f"{self.where}/{name}" if name else self.where
            why = getattr(exc, "strerror", None) or exc
            raise ShardsError(
                f"{what} cannot be read or written: {why}", hint="" if self._remote is None else WAY_IN
            ) from exc


def sha256_of(stream: IO[bytes]) -> str:
    """Of the rest of a stream, in hex."""
    digest = hashlib.sha256()
    while block := stream.read(_READ_AT_ONCE):
        digest.update(block)
    return digest.hexdigest()
