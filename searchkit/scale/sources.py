"""What is to be embedded: folders and files here, or at any URL that fsspec knows, as a list of files in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import IO, Any

from searchkit.documents import Refused, Source, WalkOptions, walk
from searchkit.documents.ranges import range_format
from searchkit.documents.sources import size_in_words
from searchkit.errors import DocumentRefusedError, InputError, ShardsError
from searchkit.scale.place import WAY_IN, file_system, is_url
from searchkit.search.indexing.roots import prefix_of

_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source, or why it cannot be read.

    Attributes:
        path: what `searchkit index` would call it.
        where: the file itself, an absolute path or a URL.
        location, prefix: of the source that it belongs to.
        mtime_ns: None at a URL.
        reason: empty unless it is refused.
    """

    path: str
    where: str
    location: str
    prefix: str
    size: int = 0
    mtime_ns: int | None = None
    reason: str = ""

    @property
    def modified(self) -> str | None:
        """The time of the file, ISO 8601, UTC."""
        if self.mtime_ns is None:
            return None
        try:
            return datetime.fromtimestamp(self.mtime_ns / 1e9, tz=timezone.utc).isoformat(timespec="seconds")
        except (ValueError, OverflowError, OSError):
            return None


def list_files(sources: Sequence[str], walking: WalkOptions, *, leave_out: str = "") -> Iterator[SourceFile]:
    """The files of all sources, those of one source in the order of their paths.

    Args:
        sources: paths and URLs.
        walking: which files of a local folder; the limit of bytes holds for all but JSON Lines and parquet.
        leave_out: a folder that is none of them, the one that is written to.

    Raises:
        InputError: a source does not exist, or two have the same files.
        ShardsError, MissingExtraError: a URL cannot be opened.
    """
    taken: dict[str, str] = {}  # what files, and the folders of their sources, are called
    for source in sources:
        files = _remote_files(source, walking) if is_url(source) else _local_files(source, walking, leave_out)
        found = False
        for file in files:
            if not found:
                _take(taken, f"{file.prefix}/", file.location)
            found = True
            _take(taken, file.path, file.where)
            yield file
        if not found:
            raise InputError(f"found no file to embed in {source}", hint="hidden and ignored files are left out")


def _take(taken: dict[str, str], name: str, where: str) -> None:
    if name in taken:
        raise InputError(
            f"{taken[name]} and {where} would both be called {name.rstrip('/')!r}",
            hint="name the folder that both lie in, or embed them one by one, each into a folder of its own",
        )
    taken[name] = where


def _local_files(source: str, walking: WalkOptions, leave_out: str) -> Iterator[SourceFile]:
    location = Path(source).expanduser().resolve()
    if not location.exists():
        raise InputError(f"{source} does not exist", hint="check the path; nothing was written")
    prefix = prefix_of(location, Path.cwd())
    whole = SourceFile("", "", str(location), prefix)
    for item in walk(location, prefix=prefix, options=replace(walking, max_bytes=_LARGEST)):
        if isinstance(item, Refused):
            yield replace(whole, path=item.path, where=item.path, reason=item.reason)
        elif not leave_out or Path(leave_out) not in item.file.parents:
            reason = _too_large(item.path, item.size, walking.max_bytes)
            found = replace(whole, path=item.path, where=str(item.file.resolve()), size=item.size)
            yield replace(found, mtime_ns=item.mtime_ns, reason=reason)


def _remote_files(url: str, walking: WalkOptions) -> Iterator[SourceFile]:
    if walking.globs or walking.excludes:
        raise InputError(f"{url} is a URL; --glob and --exclude are for folders here", hint="name its files or folders")
    system, top = file_system(url)
    try:
        found: dict[str, Any] = system.find(top, detail=True)
    except Exception as exc:  # each store has errors of its own
        raise ShardsError(f"{url} cannot be read: {exc}", hint=WAY_IN) from exc
    prefix = PurePosixPath(top).name or "root"
    for name, details in sorted(found.items()):
        inner = name[len(top) :].strip("/") if name != top else ""
        if any(part.startswith(".") for part in inner.split("/")) and not walking.hidden:
            continue
        path, size = f"{prefix}/{inner}" if inner else prefix, int(details["size"] or 0)
        reason = _too_large(path, size, walking.max_bytes)
        yield SourceFile(path, system.unstrip_protocol(name), url, prefix, size, reason=reason)


def _too_large(path: str, size: int, limit: int) -> str:
    if size <= limit or range_format(path):
        return ""
    return f"{size_in_words(size)}, over the limit of {size_in_words(limit)} for this format"


@contextmanager
def opened(where: str) -> Iterator[IO[bytes]]:
    """A file of a source, which can be sought in.

    Raises:
        DocumentRefusedError: it cannot be read.
    """
    try:
        stream: Any = file_system(where)[0].open(where) if is_url(where) else Path(where).open("rb")  # noqa: SIM115
    except OSError as exc:
        raise DocumentRefusedError(f"cannot be read: {exc.strerror or exc}") from exc
    with stream:
        yield stream


def local_source(file: SourceFile) -> Source:
    """The file as the documents' room knows it."""
    return Source(file.path, Path(file.where), file.size, file.mtime_ns or 0)
