"""Shards of embeddings: parquet files with one row a passage, beside a manifest.

    OUT/manifest.json           complete when it is there (see `manifest`)
    OUT/files.parquet           a row for each file that was read or refused
    OUT/shard-000000.parquet    passages in the order of the sources; a document is never split between two shards

The columns of a shard, in this order; positions and lines are those of `searchkit.types.Chunk`:

    doc_id           string
    position         int32      number of the chunk in its document, from 0
    text             string     of the chunk
    title            string     of the document
    heading_path     list of string
    start, end       int64      characters of the document, half open
    line_start, line_end  int32
    page             int32      null for unpaged documents
    lines_are_source bool
    path             string     of the file, as `searchkit index` would call it
    metadata         string     of the document, a JSON object with its keys sorted
    passage_hash     16 bytes   XXH3-128 of the text that was embedded
    embedding        D numbers, float16 or float32, of unit length

What a reader sees after a crash: shards that are whole, and no manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.errors import MissingExtraError, ShardsError
from searchkit.scale.manifest import MAKE_ANEW, MANIFEST, PLAN, FileRecord, Manifest, ShardRecord, read_manifest
from searchkit.scale.place import Place, is_url

if TYPE_CHECKING:
    from searchkit.types import HalfRows, Metadata, Rows

FILES = "files.parquet"
READ_ROWS = 1024


def shard_name(number: int) -> str:
    """The file of a shard, counted from 0."""
    return f"shard-{number:06}.parquet"


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A passage without its vector; the attributes are the columns above."""

    doc_id: str
    position: int
    text: str
    title: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None
    lines_are_source: bool
    path: str
    metadata: Metadata
    passage_hash: bytes


@dataclass(frozen=True, slots=True)
class ShardBatch:
    """Some rows in order: ``first`` is the number of the first one over all shards; ``vectors`` are (N, D)."""

    first: int
    rows: list[ShardRow]
    vectors: Rows | HalfRows


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that was read or refused, as an index records it; ``location`` and ``prefix`` are of its source.

    ``modified`` is None for files at a URL; ``reason`` is empty unless the status is ``refused``.
    """

    path: str
    location: str
    prefix: str
    size: int
    modified: str | None
    content_hash: str
    status: str
    reason: str


class Shards:
    """A complete folder of shards, compared with its manifest.

    >>> shards = Shards.open("out")  # doctest: +SKIP
    >>> for batch in shards.batches():  # doctest: +SKIP
    ...     print(batch.first, batch.rows[0].doc_id, batch.vectors.shape)
    """

    def __init__(self, place: Place, manifest: Manifest) -> None:
        """Use `open`."""
        self.place, self.manifest = place, manifest

    @classmethod
    def open(cls, where: str, *, deep: bool = True) -> Shards:
        """The shards in a folder or at a URL.

        Args:
            deep: compare every byte with its checksum, not the names and sizes alone.

        Raises:
            ShardsError: there are none, they are not complete, or a file is not what the manifest says.
            MissingExtraError: pyarrow is not installed.
        """
        parquet()
        place = Place(where)
        shards = cls(place, read_manifest(place))
        shards.check(deep=deep)
        return shards

    def check(self, *, deep: bool) -> None:
        """Compare the files with the manifest; see `open`."""
        manifest, names = self.manifest, set(self.place.names())
        expected: list[FileRecord | ShardRecord] = [manifest.files, *manifest.shards]
        for record in expected:
            if record.file not in names:
                raise self._disagrees(f"{record.file} is missing")
            size = self.place.size(record.file)
            if size != record.size:
                raise self._disagrees(f"{record.file} has {size:,} bytes; expected {record.size:,}")
            if deep and self.place.sha256(record.file) != record.sha256:
                raise self._disagrees(f"{record.file} was altered: its SHA-256 is not the recorded one")
        others = sorted(name for name in names - {r.file for r in expected} if name.startswith("shard-"))
        if others:
            raise self._disagrees(f"{others[0]} is there and not named")

    def batches(self, first: int = 0, rows: int = READ_ROWS) -> Iterator[ShardBatch]:
        """All rows in order, at most ``rows`` at a time, from row number ``first`` of all shards on."""
        begins = 0
        for record in self.manifest.shards:
            if begins + record.rows > first:
                yield from self._of_shard(record, begins, max(0, first - begins), rows)
            begins += record.rows

    def files(self) -> Iterator[FileRow]:
        """The files that were read or refused, in the order of the sources."""
        with self._opened(self.manifest.files.file) as table:
            for batch in table.iter_batches():
                yield from (FileRow(**row) for row in batch.to_pylist())

    def _of_shard(self, record: ShardRecord, begins: int, skip: int, rows: int) -> Iterator[ShardBatch]:
        with self._opened(record.file) as table:
            if table.metadata.num_rows != record.rows:
                raise self._disagrees(f"{record.file} has {table.metadata.num_rows:,} rows; expected {record.rows:,}")
            at = 0
            for batch in table.iter_batches(batch_size=rows):
                left = batch.slice(max(0, skip - at))
                if len(left):
                    yield ShardBatch(begins + at + len(batch) - len(left), rows_of(left), self._vectors(left, record))
                at += len(batch)

    def _vectors(self, batch: Any, record: ShardRecord) -> Rows | HalfRows:
        column, dimension = batch.column("embedding"), self.manifest.recipe.dimension
        if column.type.list_size != dimension or column.null_count:
            raise self._disagrees(f"{record.file} has vectors of {column.type.list_size}; expected {dimension} numbers")
        vectors: Rows | HalfRows = column.flatten().to_numpy(zero_copy_only=False).reshape(len(batch), dimension)
        return vectors

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        """A parquet file while it is read; Arrow's errors come out as ours."""
        parquet()
        from pyarrow import ArrowException

        with self.place.opened(name) as stream:
            try:
                yield parquet().ParquetFile(stream, page_checksum_verification=True)
            except (ArrowException, ValueError, OSError, KeyError, TypeError) as exc:  # the last two: other columns
                raise self._disagrees(f"{name} is not readable as parquet: {exc}") from exc

    def _disagrees(self, what: str) -> ShardsError:
        return ShardsError(f"{self.place} and its {MANIFEST} disagree: {what}", hint=MAKE_ANEW)


def holds_shards(where: str) -> bool:
    """Whether a folder has shards, all of them or not yet; of a URL it is believed."""
    return is_url(where) or any(Path(where).expanduser().joinpath(name).is_file() for name in (MANIFEST, PLAN))


def rows_of(batch: Any) -> list[ShardRow]:
    """The rows of an Arrow record batch."""
    columns = batch.drop_columns(["embedding"]).to_pydict()
    columns["heading_path"] = map(tuple, columns["heading_path"])
    columns["metadata"] = map(json.loads, columns["metadata"])
    return [ShardRow(*values) for values in zip(*(columns[name] for name in ShardRow.__slots__), strict=True)]


def shard_schema(dimension: int, dtype: str) -> Any:
    """The Arrow schema of a shard."""
    import pyarrow as pa

    number = pa.float16() if dtype == "float16" else pa.float32()
    types = {
        "doc_id": pa.string(),
        "position": pa.int32(),
        "text": pa.string(),
        "title": pa.string(),
        "heading_path": pa.list_(pa.string()),
        "start": pa.int64(),
        "end": pa.int64(),
        "line_start": pa.int32(),
        "line_end": pa.int32(),
        "page": pa.int32(),
        "lines_are_source": pa.bool_(),
        "path": pa.string(),
        "metadata": pa.string(),
        "passage_hash": pa.binary(16),
        "embedding": pa.list_(number, dimension),
    }
    return pa.schema([pa.field(name, kind, nullable=name == "page") for name, kind in types.items()])


def files_schema() -> Any:
    """The Arrow schema of the table of files."""
    import pyarrow as pa

    return pa.schema([(name, pa.int64() if name == "size" else pa.string()) for name in FileRow.__slots__])


def parquet() -> Any:
    """pyarrow's parquet module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow.parquet as module
    except ImportError as exc:
        raise MissingExtraError("pyarrow, which reads and writes parquet,", "bulk") from exc
    return module
