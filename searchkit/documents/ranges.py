"""Large files of records a range at a time: JSON Lines by bytes, parquet by rows.

The whole file is surveyed once, which refuses what `read_source` would refuse and settles which fields hold the text;
after that any range gives the very documents that the whole file would, wherever it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from searchkit.documents.encodings import SNIFFED_BYTES, clean_lines
from searchkit.documents.formats import by_name, refusal
from searchkit.documents.jsonfile import line_records
from searchkit.documents.raw import RawFile
from searchkit.documents.records import Roles, record_documents, survey
from searchkit.documents.sources import ReadOptions
from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

RANGED = ("jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class Range:
    """Some records in a row.

    Attributes:
        first, stop: rows of parquet from 0; of JSON Lines the bytes.
        line: the number of the first line, from 1; 0 for parquet.
        records: how many there are, blank lines included.
        weight: bytes of them, in parquet about so many.
    """

    first: int
    stop: int
    line: int
    records: int
    weight: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is in a file, and the hash of its bytes, as `content_hash` gives it."""

    roles: Roles
    ranges: tuple[Range, ...]
    content_hash: str


def range_format(name: str) -> str | None:
    """``jsonl`` or ``parquet`` where a file of that name can be read by ranges."""
    found = by_name(name)
    return found.name if found is not None and found.name in RANGED else None


def survey_file(stream: IO[bytes], name: str, options: ReadOptions, *, records: int) -> Survey:
    """Read a file once and cut it into ranges of that many records.

    Args:
        stream: at its beginning; can be sought in.
        name: its path as shown to people.

    Raises:
        DocumentRefusedError: as for the whole file; also JSON Lines that are not UTF-8.
        MissingExtraError: pyarrow is not installed.
    """
    raw = RawFile(name, b"", options)
    reason = refusal(name, stream.read(SNIFFED_BYTES))
    if reason is not None:
        raise DocumentRefusedError(reason)
    stream.seek(0)
    return (_survey_rows if range_format(name) == "parquet" else _survey_lines)(stream, raw, records)


def read_range(stream: IO[bytes], name: str, options: ReadOptions, roles: Roles, part: Range) -> Iterator[Document]:
    """The documents of a range of a file that was surveyed."""
    raw = RawFile(name, b"", options)
    if not part.line:
        from searchkit.documents.parquet import opened, row_records

        yield from record_documents(row_records(opened(stream), part.first, part.stop), raw, "parquet", roles)
        return
    stream.seek(part.first)
    lines = (clean_lines(_text(line)) for line in _lines(stream, part.stop - part.first))
    yield from record_documents(line_records(lines, part.line), raw, "jsonl", roles)


def _lines(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (line := stream.readline()):
        size -= len(line)
        yield line


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except ValueError as exc:
        raise DocumentRefusedError("not UTF-8 throughout; convert it") from exc


@dataclass(slots=True)
class _Counter:
    """The lines of a stream, counted and hashed as they pass."""

    stream: IO[bytes]
    records: int
    ranges: list[Range] = field(default_factory=list)
    content_hash: str = ""

    def lines(self) -> Iterator[str]:
        import xxhash

        digest, number, at = xxhash.xxh3_128(), 1, 0
        while lines := list(islice(self.stream, self.records)):
            size = sum(map(len, lines))
            self.ranges.append(Range(at, at + size, number, len(lines), size))
            for line in lines:
                digest.update(line)
                yield clean_lines(_text(line))
            number, at = number + len(lines), at + size
        self.content_hash = digest.hexdigest()


def _survey_lines(stream: IO[bytes], raw: RawFile, records: int) -> Survey:
    counter = _Counter(stream, records)
    roles = survey(line_records(counter.lines()), raw)
    return Survey(roles, tuple(counter.ranges), counter.content_hash)


def _survey_rows(stream: IO[bytes], raw: RawFile, records: int) -> Survey:
    from searchkit.documents.parquet import opened, row_records

    content_hash = _hash_of(stream)
    stream.seek(0)
    table = opened(stream)
    count = table.metadata.num_rows
    roles = survey(row_records(table, 0, count), raw)
    size = sum(table.metadata.row_group(group).total_byte_size for group in range(table.num_row_groups))
    ranges = (
        Range(first, min(first + records, count), 0, min(records, count - first), size * records // max(count, 1))
        for first in range(0, count, records)
    )
    return Survey(roles, tuple(ranges), content_hash)


def _hash_of(stream: IO[bytes]) -> str:
    import xxhash

    digest = xxhash.xxh3_128()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
