"""What lies between a file on disk and the index: why a document has no chunks there, or other ones than its file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.documents import LeftOut, Refused, Source, WalkOptions, content_hash, read_bytes, trace
from searchkit.errors import DocumentRefusedError, InputError
from searchkit.search.asking.reasons import Cause, Reason
from searchkit.search.context import has_chunk
from searchkit.search.indexing.remembered import manner_of
from searchkit.search.indexing.roots import known_as, locate

if TYPE_CHECKING:
    from searchkit.store import Root, SourceRow, StoreReader
    from searchkit.types import Ids

EMPTY = "empty"  # the reason for which a file without text is refused


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The document that is asked about.

    Attributes:
        name: as the index knows it, or would.
        chunks: (n,) its chunks in the index, ascending.
        source: its file as the index knows it.
        file: where it lies on disk; None for what was added from memory.
    """

    name: str
    chunks: Ids
    source: SourceRow | None
    file: Path | None


def find_target(reader: StoreReader, wanted: int | str) -> Target:
    """The chunk of that id, or the document or file of that name, in the index or on disk.

    Raises:
        InputError: there is no such chunk, or the name is that of a folder.
    """
    if not isinstance(wanted, str):
        return _chunk(reader, wanted)
    for name in (wanted, known_as(reader, Path(wanted))):
        if name is not None and (len(reader.chunk_ids_of(name)) or reader.documents(name) or reader.source(name)):
            return _stored(reader, name)
    if os.path.isdir(wanted):  # noqa: PTH112 - a Path's own raises OSError
        raise InputError(f"{wanted} is a folder", hint="name a file in it, or a document's id")
    name = known_as(reader, Path(wanted))
    return Target(name or wanted, np.empty(0, np.int64), None, Path(os.path.abspath(wanted)))  # noqa: PTH100 - as above


def _chunk(reader: StoreReader, chunk_id: int) -> Target:
    if not has_chunk(reader, chunk_id):
        raise InputError(f"there is no chunk {chunk_id} in the index", hint="searchkit show PATH lists those of a file")
    ids = np.array([chunk_id], dtype=np.int64)
    row = reader.chunk_rows(ids)[chunk_id]
    stored = _stored(reader, row.path or row.doc_id)
    return Target(f"{row.doc_id}, chunk {chunk_id}", ids, stored.source, stored.file)


def _stored(reader: StoreReader, name: str) -> Target:
    documents = reader.documents(name)
    source = reader.source(documents[0].path or name if documents else name)
    file = None if source is None else locate(reader, source.path)
    return Target(name, reader.chunk_ids_of(name), source, file)


def absence(reader: StoreReader, target: Target) -> Reason:
    """Why the target has no chunk in the index."""
    if target.source is not None and target.source.status == "refused":
        return _refused(target.name, target.source.reason)
    if target.source is not None or target.file is None:
        return Reason(Cause.EMPTY, f"{target.name} is in the index, and has no text")
    if not _is_there(target.file):
        text = f"{target.name} is neither in the index nor on disk"
        return Reason(Cause.MISSING, text, "searchkit ls lists the files")
    root = _root_above(reader, target.file)
    if root is None:
        return _outside(reader, target.file)
    rest = target.file.resolve().relative_to(root.location).as_posix()
    manner = manner_of(reader, root.root_id)
    options = WalkOptions() if manner is None else manner.walk
    found = None if rest == "." else trace(Path(root.location), rest, prefix=root.prefix, options=options)
    if isinstance(found, LeftOut):
        return Reason(Cause.LEFT_OUT, f"{found.path} is left out: {found.rule}", _remedy(found.rule, root))
    if isinstance(found, Refused):
        return _refused(found.path, found.reason)
    left_out = ", or --glob or --exclude left it out" if manner is None else ""
    text = f"{target.name} is not in the index: it is new, or was removed from it{left_out}"
    return Reason(Cause.NEW, text, f"searchkit index {root.location}")


def staleness(target: Target) -> Reason | None:
    """How the file on disk differs from what was indexed."""
    source = target.source
    if source is None or source.status == "refused":
        return None
    if target.file is None or not _is_there(target.file):
        text = f"{source.path} is gone from disk; the index still holds it"
        return Reason(Cause.GONE, text, "the next searchkit index over its folder drops it")
    if not _is_same(target.file, source):
        text = f"{source.path} was changed since it was indexed; what is searched is its former text"
        return Reason(Cause.CHANGED, text, f"searchkit index {target.file}")
    return None


def _remedy(rule: str, root: Root) -> str:
    """How a file comes in that a rule leaves out."""
    if rule.startswith(("--exclude", "no --glob")):
        return f"searchkit index {root.location} with another --glob or --exclude, or with none"
    return "searchkit index --no-ignore and --hidden leave out less; so does a line !PATTERN in .searchkitignore"


def _is_there(file: Path) -> bool:
    return os.path.exists(file)  # noqa: PTH110 - a Path's own raises OSError for a name too long


def _is_same(file: Path, source: SourceRow) -> bool:
    status = file.stat()
    if status.st_size != source.size:
        return False
    if status.st_mtime_ns == source.mtime_ns:
        return True
    try:
        data = read_bytes(Source(source.path, file, status.st_size, status.st_mtime_ns))
    except DocumentRefusedError:
        return False
    return content_hash(data) == source.content_hash


def _refused(path: str, reason: str) -> Reason:
    if reason == EMPTY:
        return Reason(Cause.EMPTY, f"{path} has no text in it")
    return Reason(Cause.REFUSED, f"{path} was refused: {reason}", "searchkit index reads it again when it has changed")


def _root_above(reader: StoreReader, file: Path) -> Root | None:
    location = Path(os.path.realpath(file))
    return next((root for root in reader.roots() if location.is_relative_to(root.location)), None)


def _outside(reader: StoreReader, file: Path) -> Reason:
    roots = ", ".join(root.location for root in reader.roots()) or "none"
    text = f"{file} lies in no folder that was indexed ({roots})"
    return Reason(Cause.OUTSIDE, text, f"searchkit index {file}")
