"""What a path on the command line means to an index: a root of its own, or a part of one that is known.

A root's ``prefix`` is what the paths of its files begin with: the folder as seen from where it was first indexed
(``docs``, or nothing for ``.``), or its bare name when it lies elsewhere. Only the location is absolute, and only
so that files can be found again.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    def known(self, reader: StoreReader) -> dict[str, SourceRow]:
        """The files that the index holds for this scope, by path."""
        roots = ([] if self.root is None else [self.root]) + list(self.absorbed)
        rows = {path: row for root in roots for path, row in reader.sources_under(root.root_id).items()}
        if self.root is not None and self.prefix != self.root.prefix:
            rows = {path: row for path, row in rows.items() if _is_under(path, self.prefix)}
        return rows

    def settle(self, store: StoreWriter) -> int:
        """Record the root, and give its id."""
        if self.root is None:
            root_id = store.add_root(self.prefix, str(self.location)).root_id
            for inner in self.absorbed:
                store.absorb_root(inner.root_id, into=root_id)
            return root_id
        if self.moved:
            store.move_root(self.root.root_id, str(self.location))
        return self.root.root_id


def scope_of(reader: StoreReader, path: Path, working_folder: Path) -> Scope:
    """What ``path`` stands for, given the roots that are known."""
    location = path.resolve()
    roots = reader.roots()
    for root in roots:
        home = Path(root.location)
        if location == home or home in location.parents:
            return Scope(location, _join(root.prefix, location.relative_to(home).as_posix()), root)
    prefix = _prefix_of(location, working_folder.resolve())
    same = next((root for root in roots if root.prefix == prefix), None)
    if same is not None and not Path(same.location).exists():
        return Scope(location, prefix, same, moved=True)
    absorbed = tuple(root for root in roots if location in Path(root.location).parents)
    taken = {root.prefix for root in roots} - {root.prefix for root in absorbed}
    return Scope(location, _unused(prefix, taken), None, absorbed=absorbed)


def locate(reader: StoreReader, path: str) -> Path | None:
    """Where the file of that path lies, if its root still does."""
    fitting = [root for root in reader.roots() if _is_under(path, root.prefix)]
    if not fitting:
        return None
    root = max(fitting, key=lambda candidate: len(candidate.prefix))
    rest = PurePosixPath(path).relative_to(root.prefix) if root.prefix else PurePosixPath(path)
    return Path(root.location) / rest


def known_as(reader: StoreReader, place: Path) -> str | None:
    """The path under which a file or folder would be in the index, if it lies below a root."""
    location = place.resolve()
    for root in reader.roots():
        if location.is_relative_to(root.location):
            return _join(root.prefix, location.relative_to(root.location).as_posix())
    return None


def _prefix_of(location: Path, working_folder: Path) -> str:
    if location == working_folder:
        return ""
    if working_folder in location.parents:
        return location.relative_to(working_folder).as_posix()
    return location.name or "root"


def _unused(prefix: str, taken: set[str]) -> str:
    candidate, number = prefix, 1
    while candidate in taken:
        number += 1
        candidate = f"{prefix or 'root'}-{number}"
    return candidate


def _join(prefix: str, rest: str) -> str:
    if rest == ".":
        return prefix
    return f"{prefix}/{rest}" if prefix else rest


def _is_under(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")
