"""Which shard takes which documents, settled before anything is encoded.

The plan depends on the bytes of the sources and on the options alone: not on the number of workers, nor on which of
them dies. So a shard can be made anywhere, any number of times, with the same result. All sources are read once for
it, by the process that plans; files of records are parsed, so that what will be refused is refused now.

How many passages a document gives is known when it is cut, which is the workers' part. Here a document counts as one
passage a started thousand bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from searchkit.documents import ReadOptions, content_hash, read_bytes, read_source, read_text
from searchkit.documents.formats import by_name
from searchkit.documents.ranges import Range, Survey, range_format, survey_file
from searchkit.documents.records import Roles
from searchkit.errors import DocumentRefusedError, MissingExtraError
from searchkit.scale.place import is_url
from searchkit.scale.sources import SourceFile, local_source, opened

PASSAGE_BYTES = 1000
GRAINS = 4  # into which records for one shard are cut, so that files of any size fill a shard well


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file, or all of it.

    Attributes:
        file: its number among the files of the plan.
        path, where, size, mtime_ns: of the file; see `SourceFile`.
        content_hash: of the whole file.
        part, roles: for a range of records.
        first, stop: otherwise which of its documents; ``stop`` None for all from ``first`` on.
    """

    file: int
    path: str
    where: str
    size: int
    mtime_ns: int | None
    content_hash: str
    part: Range | None = None
    roles: Roles | None = None
    first: int = 0
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One shard: its number from 0, and what goes into it."""

    number: int
    pieces: tuple[Piece, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        data = json.loads(text)
        return cls(data["number"], tuple(_piece(piece) for piece in data["pieces"]))


def _piece(data: dict[str, Any]) -> Piece:
    part, roles = data.pop("part"), data.pop("roles")
    return Piece(
        **data,
        part=None if part is None else Range(**part),
        roles=None if roles is None else Roles(tuple(roles["text"]), roles["title"]),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """All files with their hashes (empty where refused), and the shards."""

    files: tuple[SourceFile, ...]
    hashes: tuple[str, ...]
    tasks: tuple[Task, ...]

    def digest(self) -> str:
        """Hex SHA-256: two plans of the same digest take the same bytes into the same shards."""
        digest = hashlib.sha256()
        for file, known in zip(self.files, self.hashes, strict=True):
            digest.update(json.dumps([file.path, file.size, known, file.reason]).encode() + b"\n")
        for task in self.tasks:
            parts = [[p.file, None if p.part is None else asdict(p.part), p.first, p.stop] for p in task.pieces]
            digest.update(json.dumps(parts).encode() + b"\n")
        return digest.hexdigest()


def make_plan(
    files: Iterable[SourceFile], options: ReadOptions, shard_size: int, tell: Callable[[int, str], None]
) -> Plan:
    """Read all files once and share their documents out to shards of about ``shard_size`` passages."""
    planner = _Planner(options, shard_size)
    for count, file in enumerate(files, start=1):
        tell(count, file.path)
        planner.take(file)
    return planner.plan()


class _Planner:
    def __init__(self, options: ReadOptions, shard_size: int) -> None:
        self._options, self._shard_size = options, shard_size
        self._files: list[SourceFile] = []
        self._hashes: list[str] = []
        self._pieces: list[Piece] = []
        self._shards: list[tuple[Piece, ...]] = []
        self._weight = 0

    def plan(self) -> Plan:
        if self._pieces:
            self._close()
        tasks = tuple(Task(number, pieces) for number, pieces in enumerate(self._shards))
        return Plan(tuple(self._files), tuple(self._hashes), tasks)

    def take(self, file: SourceFile) -> None:
        """Share out one file; one that cannot be read is noted with the reason."""
        pieces: Sequence[tuple[Piece, int]] = ()
        if not file.reason:
            try:
                pieces = list(self._pieces_of(file))
            except (DocumentRefusedError, MissingExtraError) as error:
                file = replace(file, reason=getattr(error, "message", str(error)))
        self._files.append(file)
        self._hashes.append(pieces[0][0].content_hash if pieces else "")
        for piece, weight in pieces:
            self._put(piece, weight)

    def _put(self, piece: Piece, weight: int) -> None:
        self._pieces.append(piece)
        self._weight += weight
        if self._weight >= self._shard_size:
            self._close()

    def _close(self) -> None:
        self._shards.append(tuple(_joined(self._pieces)))
        self._pieces, self._weight = [], 0

    def _pieces_of(self, file: SourceFile) -> Iterator[tuple[Piece, int]]:
        found = self._surveyed(file)
        if found is None:
            yield from self._whole(file)
            return
        whole = self._piece(file, found.content_hash)
        for part in found.ranges:
            yield replace(whole, part=part, roles=found.roles), max(part.records, _passages(part.weight))

    def _surveyed(self, file: SourceFile) -> Survey | None:
        """What a file of records holds; None for other files, and for one that has to be read whole after all."""
        if range_format(file.path) is None or self._options.encoding is not None:
            return None
        try:
            with opened(file.where) as stream:
                return survey_file(stream, file.path, self._options, records=max(1, self._shard_size // GRAINS))
        except DocumentRefusedError:
            if file.size <= _WHOLE:
                return None  # such as an old encoding: the reader of whole files knows more of them, and has its say
            raise

    def _whole(self, file: SourceFile) -> Iterator[tuple[Piece, int]]:
        data, weight = read_file(file), _passages(file.size)
        whole = self._piece(replace(file, size=len(data)), content_hash(data))
        named = by_name(file.path)
        if weight <= self._shard_size and (named is None or named.name not in _TABLES):
            yield whole, weight
            return
        count = len(documents_of(file, data, self._options))
        weight = max(weight, count)
        step = max(1, count * self._shard_size // weight)
        for first in range(0, count, step):
            stop = min(first + step, count)
            yield replace(whole, first=first, stop=stop), -(-weight * (stop - first) // count)

    def _piece(self, file: SourceFile, known: str) -> Piece:
        return Piece(len(self._files), file.path, file.where, file.size, file.mtime_ns, known)


_TABLES = ("csv", "tsv", "json")  # whose records are counted, being many and short
_WHOLE = 50 * 1024 * 1024  # bytes of a file that is read whole


def read_file(file: SourceFile) -> bytes:
    """All bytes of a file that is read whole.

    Raises:
        DocumentRefusedError: it cannot be read, or is binary.
    """
    if not is_url(file.where):
        return read_bytes(local_source(file))
    with opened(file.where) as stream:
        return stream.read()


def documents_of(file: SourceFile, data: bytes, options: ReadOptions) -> list[Any]:
    """The documents of a file that is read whole; errors as for `searchkit.documents.read_source`."""
    if is_url(file.where):
        return read_text(data, name=file.path, options=options)
    return read_source(local_source(file), options, data)


def _passages(size: int) -> int:
    return max(1, -(-size // PASSAGE_BYTES))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Ranges that follow one another as one."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None and last.part and piece.part and last.file == piece.file:
            a, b = last.part, piece.part
            last = replace(last, part=Range(a.first, b.stop, a.line, a.records + b.records, a.weight + b.weight))
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
