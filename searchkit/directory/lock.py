"""One writer at a time.

The lock is the kernel's (``flock`` and its like, by the filelock package): it ends with the process,
however that ends. Who holds it stands in a second file, since some systems do not let others read a locked
one; it is only believed while the lock is held, so what a killed writer left behind misleads nobody.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from math import isinf
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from searchkit.directory.folder import IndexFolder
from searchkit.errors import IndexLockedError, IndexStateError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_POLL_S = 0.05
_LONGEST_COMMAND = 200
_KERNEL_ALONE: dict[str, Any] = {"fallback_to_soft": False}  # a lock that is a mere file outlives its process


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The process that writes: `since` is an ISO 8601 time in UTC."""

    pid: int
    host: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


class WriterLock:
    """Keeps other processes, and other engines in this one, from writing to the index.

    A context manager; entering raises IndexLockedError that names the holder when `wait_s` seconds (infinity: as
    long as it takes) were not enough, and IndexStateError where the folder cannot be written to or has links among
    its own files.
    """

    def __init__(self, folder: IndexFolder, *, wait_s: float = 0, command: str | None = None) -> None:
        self._folder = folder
        self._wait_s = max(0.0, wait_s)
        self._command = command or " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        self._held: BaseFileLock | None = None

    def __enter__(self) -> WriterLock:
        until = time.monotonic() + self._wait_s
        had_index = self._folder.holds_index()
        while self._held is None:
            if had_index and not self._folder.holds_index() and time.monotonic() < until:
                time.sleep(_POLL_S)  # between the two renames that replace a folder
                continue
            seen = self._identity()
            try:
                self._folder.check_own_files()
                seen = seen or self._made()
                lock = self._acquired(max(0.0, until - time.monotonic()))
            except IndexStateError:
                if self._identity() == seen:
                    raise
                continue  # the folder was replaced meanwhile
            if seen is not None and self._identity() == seen:
                self._held = lock
            else:
                lock.release()  # of a file that is no longer that of the index
        self._sign()
        return self

    def _acquired(self, wait_s: float) -> BaseFileLock:
        from filelock import FileLock, Timeout

        # Not local to the thread: an engine may be opened in one and closed in another.
        lock = FileLock(self._folder.lock, thread_local=False, **_KERNEL_ALONE)
        try:
            lock.acquire(timeout=-1 if isinf(wait_s) else wait_s, poll_interval=_POLL_S)
        except (Timeout, RuntimeError) as exc:  # the latter: this very thread holds it and would wait for itself
            raise self._locked() from exc
        except (OSError, NotImplementedError) as exc:  # the latter: a file system without locks
            raise IndexStateError(f"{self._folder.path} cannot be written to: {exc}") from exc
        return lock

    def _made(self) -> tuple[int, int] | None:
        """The lock file, made here: one that filelock makes goes again with its release on Windows."""
        try:
            self._folder.lock.touch(exist_ok=False)
        except FileExistsError:  # by another writer at this moment
            pass
        except OSError as exc:
            raise IndexStateError(f"{self._folder.path} cannot be written to: {exc}") from exc
        return self._identity()

    def _identity(self) -> tuple[int, int] | None:
        """Which file is the lock now; None before there is one."""
        try:
            found = self._folder.lock.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Lets other writers in, at the end of the block or before; a second time does nothing."""
        if self._held is not None:
            with suppress(OSError):
                self._folder.holder.unlink(missing_ok=True)
            self._held.release()
            self._held = None

    def _sign(self) -> None:
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        holder = LockHolder(os.getpid(), platform.node(), since, self._command[:_LONGEST_COMMAND])
        with suppress(OSError):  # a courtesy: a full disk will be met where it matters
            self._folder.holder.write_text(json.dumps(asdict(holder)) + "\n", encoding="utf-8")

    def _locked(self) -> IndexLockedError:
        holder = read_holder(self._folder)
        waited = f" (waited {self._wait_s:g} s)" if self._wait_s else ""
        return IndexLockedError(
            f"{self._folder.path} is being written by {holder or 'another process'}{waited}",
            hint="wait for it with --wait; reading and searching go on meanwhile",
        )


def read_holder(folder: IndexFolder) -> LockHolder | None:
    """Gives who said last that it writes; None when nobody did. Only true while the lock is held."""
    try:
        said = json.loads(folder.holder.read_text(encoding="utf-8"))
        return LockHolder(int(said["pid"]), _plain(said["host"]), _plain(said["since"]), _plain(said["command"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _plain(text: object) -> str:
    """Text for a terminal: the file may come from anyone."""
    return "".join(character if character.isprintable() else "?" for character in str(text))[:_LONGEST_COMMAND]
