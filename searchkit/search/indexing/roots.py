"""What a path on the command line means to an index: a root of its own, or a part of one that is known.

A root's ``prefix`` is what the paths of its files begin with: the folder as seen from where it was first indexed
(``docs``, or nothing for ``.``), or its bare name when it lies elsewhere. Only the location is absolute, and only
so that files can be found again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.store import Root, SourceRow, StoreReader, StoreWriter


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that one path stands for.

    Attributes:
        location: the folder or file, absolute.
        prefix: what the paths of its files begin with; the whole path for a file.
        root: the root that it is or lies in; None when it will be a new one.
        moved: whether the root was last seen at another place that is gone.
        absorbed: roots inside a new root.
    """

    location: Path
    prefix: str
    root: Root | None
    moved: bool = False
    absorbed: tuple[Root, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether the root is recorded as it is now."""
        return self.root is not None and not self.moved

    @property
    def is_part(self) -> bool:
        """Whether it is something inside a root that is known."""
        return self.root is not None and self.prefix != self.root.prefix

    def known(self, reader: StoreReader) -> dict[str, SourceRow]:
        """The files that the index holds for this scope, by path."""
        rows = {path: row for root in self._roots() for path, row in reader.sources_under(root.root_id).items()}
        if self.is_part:
            rows = {path: row for path, row in rows.items() if _is_under(path, self.prefix)}
        return rows

    def settle(self, store: StoreWriter) -> int:
        """Record the root, and give its id."""
        if not self._roots():
            return store.add_root(self.prefix, str(self.location)).root_id
        kept, *inner = self._roots()
        for root in inner:
            store.absorb_root(root.root_id, into=kept.root_id)
        if self.root is None or self.moved:  # after the others, since one of them may have the same prefix
            store.move_root(kept.root_id, prefix=self.prefix, location=str(self.location))
        return kept.root_id

    def _roots(self) -> tuple[Root, ...]:
        return self.absorbed if self.root is None else (self.root, *self.absorbed)


def scope_of(reader: StoreReader, path: Path, working_folder: Path) -> Scope:
    """What ``path`` stands for, given the roots that are known."""
    location = path.resolve()
    roots = reader.roots()
    for root in roots:
        home = Path(root.location)
        if location == home or home in location.parents:
            return Scope(location, _join(root.prefix, location.relative_to(home).as_posix()), root)
    prefix = prefix_of(location, working_folder.resolve())
    same = next((root for root in roots if root.prefix == prefix), None)
    absorbed = tuple(root for root in roots if location in Path(root.location).parents)
    if same is not None and not is_there(same.location):
        return Scope(location, prefix, same, moved=True, absorbed=absorbed)
    others = [root for root in roots if root not in absorbed]
    return Scope(location, _free_prefix(reader, prefix, location, others), None, absorbed=absorbed)


def locate(reader: StoreReader, path: str) -> Path | None:
    """Where the file of that path lies, if its root still does."""
    source = reader.source(path)
    root = next((root for root in reader.roots() if source is not None and root.root_id == source.root_id), None)
    if root is None or not _is_under(path, root.prefix) or not is_there(root.location):
        return None
    return Path(root.location) / PurePosixPath(path).relative_to(root.prefix)


def known_as(reader: StoreReader, place: Path) -> str | None:
    """The path under which a file or folder would be in the index, if it lies below a root."""
    if "\0" in str(place):
        return None
    location = Path(os.path.realpath(place))  # which, unlike a Path's own, bears links that lead in circles
    return next(
        (known_as_part(root, location) for root in reader.roots() if location.is_relative_to(root.location)), None
    )


def known_as_part(root: Root, location: Path) -> str:
    """The path in the index of what lies at a location below a root, links followed."""
    return _join(root.prefix, location.relative_to(root.location).as_posix())


def is_there(location: str) -> bool:
    """Whether a root still is where it was; one that may not be looked at keeps its paths too."""
    try:
        os.stat(location)  # noqa: PTH116 - a Path's exists() raises what is told apart here
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def prefix_of(location: Path, working_folder: Path) -> str:
    """How an index calls a root: relative to where one works, or by its bare name."""
    if location == working_folder:
        return ""
    if working_folder in location.parents:
        return location.relative_to(working_folder).as_posix()
    return location.name or "root"


def _free_prefix(reader: StoreReader, prefix: str, location: Path, others: Sequence[Root]) -> str:
    """The prefix, or one like it where other roots that are still there have files under it."""
    taken = {root.prefix for root in others}
    there = [root for root in others if is_there(root.location)]
    paths = [path for root in there for path in reader.sources_under(root.root_id)]
    if not prefix and any((location / path.partition("/")[0]).exists() for path in paths):
        taken.add("")  # everything is under no prefix: what counts is whether names at the top are the same
    base = prefix or location.name or "root"
    candidates = chain((prefix, base), (f"{base}-{number}" for number in count(2)))
    return next(
        free for free in candidates if free not in taken and not (free and any(_is_under(path, free) for path in paths))
    )


def _join(prefix: str, rest: str) -> str:
    if rest == ".":
        return prefix
    return f"{prefix}/{rest}" if prefix else rest


def _is_under(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")
