"""A folder -> the files in it that are worth reading, in the order of their paths."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from searchkit.documents.ignore import GIT_FILE, OWN_FILE, IgnoreStack, Rules, rules_above
from searchkit.documents.sources import LeftOut, Refused, Source, WalkOptions, size_in_words
from searchkit.errors import InputError

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", ".jj"})
_OTHERS_FILES = frozenset(
    {"node_modules", "bower_components", "__pycache__", "site-packages", ".venv", ".tox", ".nox", ".eggs"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints", ".cache"}
)
_INDEX_MARK = "searchkit.db"
_OTHERS_MARKS = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})  # a virtual environment; https://bford.info/cachedir/
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class _Folder:
    file: str
    path: str  # relative to the root, with a closing "/"; "" for the root
    ignored: IgnoreStack
    is_wanted: bool  # whether the globs take what lies in it


def walk(root: Path, *, prefix: str, options: WalkOptions) -> Iterator[Source | Refused]:
    """The files under ``root`` in the order of their paths, whatever the order on disk.

    Symbolic links are not followed: a target inside the folder is found under its own name, and one outside
    is none of the folder's. A file named as ``root`` itself is taken whatever the options leave out.

    Args:
        root: a folder, or a single file.
        prefix: what the paths begin with (``docs`` gives ``docs/a.md``), or nothing; for a single file the
            whole path.

    Yields:
        A `Source` per file, a `Refused` for whatever is there and cannot be read.

    Raises:
        InputError: ``root`` does not exist, its path cannot be stored, or a pattern means nothing.
    """
    if (shown := printable(str(root))) != str(root):
        raise InputError(f"the path {shown} is not valid Unicode", hint="rename it")
    try:
        status = root.stat()
    except OSError as exc:
        raise InputError(f"{root} cannot be read: {exc.strerror}", hint="check the path") from exc
    if stat.S_ISDIR(status.st_mode):
        yield from _Walk(root, prefix, options).entries()
    else:
        yield _source(prefix or root.name, str(root.resolve()), status, options)


def trace(root: Path, path: str, *, prefix: str, options: WalkOptions) -> Source | Refused | LeftOut | None:
    """What `walk` makes of one path under ``root``: the file, its refusal, or the rule that leaves it out.

    Args:
        root: a folder.
        path: relative to it, with ``/``.
        prefix: as for `walk`.

    Returns:
        None where there is no such file, where it is a folder, or a link to another file of the folder.
    """
    return _Walk(root, prefix, options).trace(path)


def is_passed_over(names: Sequence[str], options: WalkOptions) -> bool:
    """Whether `walk` leaves out what has this path below its root for a name in it alone.

    An ignore file is not passed over, since it decides about others.
    """
    if names and names[-1] in (OWN_FILE, GIT_FILE) and not is_passed_over(names[:-1], options):
        return not options.use_ignore_files
    return any(
        (name.startswith(".") and (not options.hidden or name in _VERSION_CONTROL))
        or (options.use_ignore_files and name in _OTHERS_FILES)
        for name in names
    )


class _Walk:
    def __init__(self, root: Path, prefix: str, options: WalkOptions) -> None:
        self._root, self._real_root = root, os.path.realpath(root)
        self._lead = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") not in ("", ".") else ""
        self._options = options
        self._globs = Rules.given(options.globs, "--glob")
        self._excludes = Rules.given(options.excludes, "--exclude")

    def entries(self) -> Iterator[Source | Refused]:
        waiting: list[Source | Refused | _Folder] = [self._top()]
        while waiting:
            item = waiting.pop()
            if isinstance(item, _Folder):
                waiting.extend(reversed(self._inside(item)))
            else:
                yield item

    def trace(self, path: str) -> Source | Refused | LeftOut | None:
        """What becomes of one path in it; None where no file of that name is there."""
        item: Source | Refused | LeftOut | _Folder | None = self._top()
        for name in path.split("/"):
            if not isinstance(item, _Folder):
                return None if isinstance(item, Source) else item
            item = self._step(item, name)
        return None if isinstance(item, _Folder) else item

    def _step(self, folder: _Folder, name: str) -> Source | Refused | LeftOut | _Folder | None:
        """What becomes of one entry of a folder."""
        entries = self._listed(folder)
        if isinstance(entries, Refused):
            return entries
        mark = self._mark(folder, frozenset(entry.name for entry in entries))
        if mark is not None:
            return LeftOut(self._lead + folder.path, f"the folder holds {mark}")
        entry = next((entry for entry in entries if printable(entry.name) == name), None)
        if entry is None:
            return None
        inner = self._entered(folder, entries)
        return self._look_at(entry, inner) or self._left_out(entry, inner)

    def _left_out(self, entry: os.DirEntry[str], folder: _Folder) -> LeftOut | None:
        """How an entry that is there came to nothing."""
        path, is_folder = folder.path + entry.name, entry.is_dir(follow_symlinks=False)
        rule = self._rule_against(entry.name, path, folder, is_folder=is_folder)
        if rule is None and entry.is_symlink():
            return None
        return LeftOut(self._lead + path + "/" * is_folder, rule or "no --glob takes it")

    def _top(self) -> _Folder:
        above = rules_above(self._root) if self._options.use_ignore_files else IgnoreStack()
        return _Folder(str(self._root), "", above, not self._globs)

    def _inside(self, folder: _Folder) -> list[Source | Refused | _Folder]:
        """What ``folder`` holds; folders sort as if they ended in ``/``, so that paths come out in order."""
        entries = self._listed(folder)
        if isinstance(entries, Refused):
            return [entries]
        if self._mark(folder, frozenset(entry.name for entry in entries)) is not None:
            return []
        inner = self._entered(folder, entries)
        found = ((_sort_key(entry), self._look_at(entry, inner)) for entry in entries)
        return [item for _, item in sorted(found, key=lambda pair: pair[0]) if item is not None]

    def _listed(self, folder: _Folder) -> list[os.DirEntry[str]] | Refused:
        try:
            with os.scandir(folder.file) as listing:
                return list(listing)
        except OSError as exc:
            return Refused(printable(self._lead + folder.path) or "./", f"cannot be listed: {exc.strerror}")

    def _entered(self, folder: _Folder, entries: Sequence[os.DirEntry[str]]) -> _Folder:
        if not self._options.use_ignore_files:
            return folder
        names = frozenset(entry.name for entry in entries)
        return replace(folder, ignored=folder.ignored.entered(Path(folder.file), names, cut=len(folder.path)))

    def _mark(self, folder: _Folder, names: frozenset[str]) -> str | None:
        """The name by which a folder is known to be left alone."""
        if not folder.path:
            return None
        marks = _OTHERS_MARKS | {_INDEX_MARK} if self._options.use_ignore_files else {_INDEX_MARK}
        return min(names & marks, default=None)

    def _look_at(self, entry: os.DirEntry[str], folder: _Folder) -> Source | Refused | _Folder | None:
        name, path = entry.name, folder.path + entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            if self._rule_against(name, path, folder, is_folder=is_folder) is not None:
                return None
            decision = self._globs.decide(path, is_folder=is_folder)
            is_wanted = folder.is_wanted if decision is None else decision
            if not (is_folder or is_wanted):
                return None
            shown = printable(self._lead + path)
            if shown != self._lead + path:
                return Refused(shown, "its name is not valid Unicode")
            if is_folder:
                return _Folder(entry.path, path + "/", folder.ignored, is_wanted)
            if entry.is_symlink():
                return self._link(entry, shown)
            return _source(shown, entry.path, entry.stat(follow_symlinks=False), self._options)
        except OSError as exc:  # removed since the folder was listed, or on a failing disk
            return Refused(printable(self._lead + path), f"cannot be read: {exc.strerror}")

    def _rule_against(self, name: str, path: str, folder: _Folder, *, is_folder: bool) -> str | None:
        """What leaves an entry out, in words."""
        if name.startswith(".") and (not self._options.hidden or name in _VERSION_CONTROL):
            return "its name begins with a dot"
        if is_folder and self._options.use_ignore_files and name in _OTHERS_FILES:
            return f"folders named {name} hold other people's files"
        rule = self._excludes.deciding(path, is_folder=is_folder)
        if rule is None or not rule.is_match:
            rule = folder.ignored.against(path, is_folder=is_folder)
        return None if rule is None else f"{rule.place}: {rule.written}"

    def _link(self, entry: os.DirEntry[str], shown: str) -> Refused | None:
        target = os.path.realpath(entry.path)
        if not os.path.exists(target):  # noqa: PTH110  (a Path per link buys nothing)
            return Refused(shown, "a broken symbolic link")
        inside = target == self._real_root or target.startswith(os.path.join(self._real_root, ""))  # noqa: PTH118
        return None if inside else Refused(shown, "a symbolic link that leaves the folder")


def _sort_key(entry: os.DirEntry[str]) -> str:
    try:
        return entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name
    except OSError:
        return entry.name


def _source(path: str, file: str, status: os.stat_result, options: WalkOptions) -> Source | Refused:
    if not stat.S_ISREG(status.st_mode):
        return Refused(path, f"{_KINDS.get(stat.S_IFMT(status.st_mode), 'something')}, not a file")
    if status.st_size > options.max_bytes:
        sizes = f"{size_in_words(status.st_size)}, over the limit of {size_in_words(options.max_bytes)}"
        return Refused(path, sizes)
    return Source(path, Path(file), status.st_size, status.st_mtime_ns, options.max_bytes)


def printable(path: str) -> str:
    """``path`` with bytes that are not valid Unicode spelled out, so that it can be shown and stored."""
    return path if path.isascii() else path.encode("utf-8", "backslashreplace").decode("utf-8")
