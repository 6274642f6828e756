"""Parquet by pyarrow (extra ``bulk``): a document for each row. Columns of bytes are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count
from typing import IO, Any

from searchkit.documents.raw import RawFile
from searchkit.documents.records import Record, record_documents
from searchkit.errors import DocumentRefusedError, MissingExtraError
from searchkit.types import Document

_ROWS_AT_ONCE = 1024


def read(raw: RawFile) -> list[Document]:
    """The documents of a parquet file, numbered by row from 1.

    Raises:
        DocumentRefusedError: it is not parquet, or its rows hold no text.
        MissingExtraError: pyarrow is not installed.
    """
    table = opened(BytesIO(raw.data))
    return list(record_documents(row_records(table, 0, table.metadata.num_rows), raw, "parquet"))


def opened(stream: IO[bytes]) -> Any:
    """A ``pyarrow.parquet.ParquetFile``; see `read` for errors."""
    try:
        import pyarrow.parquet as pq
    except ImportError as exc:
        raise MissingExtraError("pyarrow, which reads parquet,", "bulk") from exc
    try:
        return pq.ParquetFile(stream)
    except (ValueError, OSError) as exc:  # pyarrow.ArrowInvalid is a ValueError
        raise DocumentRefusedError(f"not valid parquet: {exc}") from exc


def row_records(table: Any, first: int, stop: int, columns: Sequence[str] | None = None) -> Iterator[Record]:
    """Rows ``first`` to ``stop`` of an open file, counted from 0; ``columns`` None for all that are no bytes."""
    names = columns if columns is not None else _readable_columns(table)
    groups, begins = _groups_of(table, first, stop)
    batches = table.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=groups, columns=names)
    numbers = count(begins)
    for row in (row for batch in batches for row in batch.to_pylist()):
        number = next(numbers)
        if number >= stop:
            return
        if number >= first:
            yield Record(number + 1, 0, row)


def _readable_columns(table: Any) -> list[str]:
    from pyarrow import types

    return [f.name for f in table.schema_arrow if not (types.is_binary(f.type) or types.is_large_binary(f.type))]


def _groups_of(table: Any, first: int, stop: int) -> tuple[list[int], int]:
    """The row groups that hold the rows, and the number of the first row in them."""
    groups: list[int] = []
    begins, at = first, 0
    for group in range(table.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if at < stop and at + rows > first:
            begins = begins if groups else at
            groups.append(group)
        at += rows
    return groups, begins
