"""Making one shard: documents, chunks, vectors, parquet. The same task gives the same bytes wherever it runs.

Memory holds one document or one range's record at a time, a batch of passages and what Parquet keeps of a row group,
which is a batch too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from searchkit.chunking import Chunker, ChunkSettings, passage_text
from searchkit.documents import ReadOptions, content_hash
from searchkit.documents.ranges import read_range
from searchkit.errors import DocumentRefusedError, EncoderMismatchError, MissingExtraError, ShardsError
from searchkit.scale.manifest import Recipe, options_of
from searchkit.scale.place import Place, is_url
from searchkit.scale.plan import Piece, Task, documents_of, read_file
from searchkit.scale.shards import parquet, shard_name, shard_schema
from searchkit.scale.sources import SourceFile, local_source, opened
from searchkit.search.indexing.ingest import passage_hash

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.types import Chunk, Document

RECEIPT_KEY = b"searchkit"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a task; the shard carries it in its footer, but for the last two.

    Attributes:
        recipe: the digest of the recipe that it was made by.
        documents: how many each file gave, by the file's number.
        refused: why a file gave none, by its number.
    """

    shard: int
    recipe: str
    rows: int
    documents: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    size: int = 0
    sha256: str = ""

    def to_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        data = json.loads(text)
        for name in ("documents", "refused"):
            data[name] = {int(number): value for number, value in data[name].items()}
        return cls(**data)


@dataclass(frozen=True, slots=True)
class _Cut:
    document: Document
    path: str
    metadata: str
    position: int
    chunk: Chunk
    passage: str


class ShardMaker:
    """Makes shards of one recipe into one place."""

    def __init__(self, encoder: Encoder, recipe: Recipe, place: Place) -> None:
        """Raises EncoderMismatchError where the encoder is not the one of the recipe."""
        if encoder.fingerprint != recipe.fingerprint:
            raise EncoderMismatchError(
                f"the shards are made with encoder {recipe.fingerprint[:12]}, the one here is "
                f"{encoder.name} ({encoder.fingerprint[:12]})",
                hint="every machine needs the same model folder under the same path",
            )
        self._encoder, self._recipe, self._place = encoder, recipe, place
        self._digest = recipe.digest()
        self._options = options_of(ReadOptions, recipe.reading)
        settings = ChunkSettings(max_tokens=recipe.chunk_tokens, overlap_tokens=recipe.overlap_tokens)
        self._chunker = Chunker(encoder.tokenizer, settings)
        self._schema = shard_schema(recipe.dimension, recipe.dtype)

    def make(self, task: Task) -> Receipt:
        """Write the shard of a task, whole or not at all.

        Raises:
            ShardsError: a file is not there any more, or not what it was when the plan was made.
        """
        counts: Counter[int] = Counter()
        refused: dict[int, str] = {}
        rows = 0
        name = shard_name(task.number)
        how = {"compression": "zstd", "write_page_checksum": True}
        with self._place.aside(name) as path, parquet().ParquetWriter(path, self._schema, **how) as writer:
            for batch in self._batches(self._cuts(task, counts, refused)):
                writer.write_batch(self._encoded(batch))
                rows += len(batch)
            receipt = Receipt(task.number, self._digest, rows, dict(counts), refused)
            writer.add_key_value_metadata({RECEIPT_KEY: receipt.to_json().encode()})
        return with_checksum(self._place, receipt)

    def _cuts(self, task: Task, counts: Counter[int], refused: dict[int, str]) -> Iterator[_Cut]:
        for piece in task.pieces:
            try:
                for document in _documents(piece, self._options):
                    counts[piece.file] += 1
                    metadata = json.dumps(document.metadata, ensure_ascii=False, sort_keys=True)
                    for position, chunk in enumerate(self._chunker.chunk(document)):
                        passage = passage_text(document.title, chunk)
                        yield _Cut(document, piece.path, metadata, position, chunk, passage)
            except MissingExtraError as error:
                refused[piece.file] = str(error)
            except DocumentRefusedError as error:
                refused[piece.file] = error.message

    def _batches(self, cuts: Iterator[_Cut]) -> Iterator[list[_Cut]]:
        batch: list[_Cut] = []
        for cut in cuts:
            batch.append(cut)
            if len(batch) == self._recipe.batch_size:
                yield batch
                batch = []
        if batch:
            yield batch

    def _encoded(self, cuts: Sequence[_Cut]) -> Any:
        """The record batch of some passages, encoded together."""
        import numpy as np
        import pyarrow as pa

        vectors = self._encoder.encode_passages([cut.passage for cut in cuts]).astype(self._recipe.dtype)
        columns = {name: [_value(cut, name) for cut in cuts] for name in self._schema.names[:-1]}
        arrays = [pa.array(values, self._schema.field(name).type) for name, values in columns.items()]
        numbers = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(numbers, self._recipe.dimension))
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


_OF_CHUNK = ("text", "start", "end", "line_start", "line_end", "page")
_OF_DOCUMENT = ("doc_id", "title", "lines_are_source")


def _value(cut: _Cut, column: str) -> object:
    if column in _OF_CHUNK:
        return getattr(cut.chunk, column)
    if column in _OF_DOCUMENT:
        return getattr(cut.document, column)
    if column == "heading_path":
        return list(cut.chunk.heading_path)
    return passage_hash(cut.passage) if column == "passage_hash" else getattr(cut, column)


def _documents(piece: Piece, options: ReadOptions) -> Iterator[Document]:
    file = SourceFile(piece.path, piece.where, "", "", piece.size, piece.mtime_ns)
    _check_there(file)
    if piece.part is not None and piece.roles is not None:
        try:
            with opened(piece.where) as stream:
                yield from read_range(stream, piece.path, options, piece.roles, piece.part)
        except DocumentRefusedError as error:  # it was sound when the plan was made
            raise _changed(file, error.message) from error
        return
    data = read_file(file)
    if content_hash(data) != piece.content_hash:
        raise _changed(file, "its bytes are others")
    yield from documents_of(file, data, options)[piece.first : piece.stop]


def _check_there(file: SourceFile) -> None:
    if is_url(file.where):
        return
    try:
        found = local_source(file).file.stat()
    except OSError as exc:
        raise ShardsError(
            f"{file.where} cannot be read on this machine: {exc.strerror}",
            hint="sources have to lie in a folder that all machines share under one path, or at a URL",
        ) from exc
    if (found.st_size, found.st_mtime_ns) != (file.size, file.mtime_ns):
        raise _changed(file, "its size or time is another")


def _changed(file: SourceFile, what: str) -> ShardsError:
    return ShardsError(
        f"{file.path} changed while it was embedded: {what}", hint="run `searchkit embed` again, into a new folder"
    )


def with_checksum(place: Place, receipt: Receipt) -> Receipt:
    """The receipt with size and checksum of the shard as it lies there."""
    from dataclasses import replace

    name = shard_name(receipt.shard)
    return replace(receipt, size=place.size(name), sha256=place.sha256(name))


def kept_receipt(place: Place, number: int, digest: str) -> Receipt | None:
    """The receipt of a shard that an earlier run made by the same recipe; None where there is no sound one."""
    try:
        with place.opened(shard_name(number)) as stream:
            table = parquet().ParquetFile(stream)
            receipt = Receipt.from_json(table.metadata.metadata[RECEIPT_KEY])
            is_sound = table.metadata.num_rows == receipt.rows
    except (ShardsError, ValueError, OSError, KeyError, TypeError):
        return None
    return with_checksum(place, receipt) if is_sound and (receipt.shard, receipt.recipe) == (number, digest) else None
