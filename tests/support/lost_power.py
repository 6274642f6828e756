"""A disk that forgets what was not synced: from the calls of a process, the files that a power cut would leave.

Two things are kept apart, as the kernel does: what a file holds, and which names a folder has. A file's content is
safe once the file is synced, a name once its folder is. What is not safe may be there or not, each write by itself.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tracing import Call


@dataclass(eq=False)
class _File:
    volatile: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)  # writes, and new lengths with None

    def write(self, at: int, data: bytes) -> None:
        _put(self.volatile, at, data)
        self.unsynced.append((at, data))

    def cut(self, length: int) -> None:
        _set_length(self.volatile, length)
        self.unsynced.append((length, None))

    def sync(self) -> None:
        self.durable, self.unsynced = bytes(self.volatile), []

    def after_a_cut(self, draw: random.Random | None) -> bytes:
        """Without what was not synced, or with some of it."""
        content = bytearray(self.durable)
        for at, data in self.unsynced if draw is not None else ():
            if draw is not None and draw.random() < 0.5:
                if data is None:
                    _set_length(content, at)
                else:
                    _put(content, at, data)
        return bytes(content)


class Disk:
    """The files below one folder, replayed call by call."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._names: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._folders: set[str] = set()
        self._durable_folders: set[str] = set()
        self._open: dict[str, tuple[_File | str, int]] = {}  # by descriptor: the file (or folder) and the place in it

    def apply(self, call: Call) -> bool:
        """Replay a call; whether it changed anything here."""
        step = getattr(self, f"_{call.name}", None)
        return bool(step is not None and step(call))

    def after_a_cut(self, *, keep_names: bool, draw: random.Random | None) -> dict[str, bytes]:
        """The files by path, relative to the root.

        Args:
            keep_names: names that were not synced are there all the same, as journals of file systems often have it.
            draw: keeps some of the writes that were not synced; None: none.
        """
        names = self._names if keep_names else self._durable_names
        folders = self._folders if keep_names else self._durable_folders
        return {
            path.removeprefix(self._root + "/"): file.after_a_cut(draw)
            for path, file in names.items()
            if all(str(parent) in folders for parent in PurePosixPath(path).parents if self._is_here(str(parent)))
        }

    def _is_here(self, path: str) -> bool:
        return path.startswith(self._root + "/")

    def _openat(self, call: Call) -> bool:
        path, flags = call.paths[-1], str(call.fields[2])
        descriptor = str(call.result)
        self._open.pop(descriptor, None)
        if path == self._root or path in self._folders:
            self._open[descriptor] = (path, 0)
            return False
        if not self._is_here(path) or path.endswith("-shm"):
            return False
        is_new = path not in self._names
        file = self._names.setdefault(path, _File())
        self._open[descriptor] = (file, 0)
        if "O_TRUNC" in flags and not is_new:
            file.cut(0)
        return is_new or "O_TRUNC" in flags

    def _close(self, call: Call) -> bool:
        self._open.pop(str(call.fields[0]), None)
        return False

    def _lseek(self, call: Call) -> bool:
        file = self._open.get(str(call.fields[0]))
        if file is not None:
            self._open[str(call.fields[0])] = (file[0], call.result)
        return False

    def _write(self, call: Call) -> bool:
        opened = self._open.get(str(call.fields[0]))
        if opened is None or isinstance(opened[0], str):
            return False
        data = call.fields[1]
        assert isinstance(data, bytes)
        file, at = opened
        file.write(at, data[: call.result])
        self._open[str(call.fields[0])] = (file, at + call.result)
        return True

    def _pwrite64(self, call: Call) -> bool:
        opened = self._open.get(str(call.fields[0]))
        if opened is None or isinstance(opened[0], str):
            return False
        data = call.fields[1]
        assert isinstance(data, bytes)
        opened[0].write(int(str(call.fields[3])), data[: call.result])
        return True

    def _ftruncate(self, call: Call) -> bool:
        opened = self._open.get(str(call.fields[0]))
        if opened is None or isinstance(opened[0], str):
            return False
        opened[0].cut(int(str(call.fields[1])))
        return True

    def _fsync(self, call: Call) -> bool:
        opened = self._open.get(str(call.fields[0]))
        if opened is None:
            return False
        if isinstance(opened[0], str):
            self._sync_folder(opened[0])
        else:
            opened[0].sync()
        return True

    _fdatasync = _fsync

    def _sync_folder(self, folder: str) -> None:
        inside = {path for path in (*self._names, *self._durable_names) if str(PurePosixPath(path).parent) == folder}
        for path in inside:
            if path in self._names:
                self._durable_names[path] = self._names[path]
            else:
                del self._durable_names[path]
        self._durable_folders |= {path for path in self._folders if str(PurePosixPath(path).parent) == folder}

    def _mkdir(self, call: Call) -> bool:
        path = _text(call.fields[0])
        if self._is_here(path):
            self._folders.add(path)
        return self._is_here(path)

    def _rename(self, call: Call) -> bool:
        old, new = (_text(name) for name in call.fields if isinstance(name, bytes))
        if old not in self._names:
            return False
        self._names[new] = self._names.pop(old)
        return True

    _renameat = _renameat2 = _rename

    def _unlink(self, call: Call) -> bool:
        (path,) = (_text(name) for name in call.fields if isinstance(name, bytes))
        return self._names.pop(path, None) is not None

    _unlinkat = _unlink

    def _linkat(self, call: Call) -> bool:
        old, new = (_text(name) for name in call.fields if isinstance(name, bytes))
        if old not in self._names:
            return False
        self._names[new] = self._names[old]
        return True

    _link = _linkat


def replayable(calls: Sequence[Call], root: str) -> list[Call]:
    """The calls that have to do with files; those that open and close included."""
    return [call for call in calls if any(_is_of(path, root) for path in call.paths) or _named(call, root)]


def _named(call: Call, root: str) -> bool:
    return any(isinstance(field, bytes) and field.startswith(root.encode()) for field in call.fields)


def _is_of(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _put(content: bytearray, at: int, data: bytes) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data


def _set_length(content: bytearray, length: int) -> None:
    del content[length:]
    content.extend(bytes(length - len(content)))
