"""Parquet by pyarrow (extra ``bulk``): a document for each row. Columns of bytes are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
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
    with _refusing():
        return pq.ParquetFile(stream)


@contextmanager
def _refusing() -> Iterator[None]:
    """What pyarrow finds wrong is a reason to refuse the file; an error of the disk or the network is not."""
    try:
        yield
    except (ValueError, NotImplementedError, OverflowError, OSError) as exc:
        if isinstance(exc, OSError) and (type(exc) is not OSError or exc.errno is not None):
            raise
        raise DocumentRefusedError(f"not valid parquet: {exc}") from exc


def row_records(table: Any, first: int, stop: int) -> Iterator[Record]:
    """Rows ``first`` to ``stop`` of an open file, counted from 0.

    Raises:
        DocumentRefusedError: a part of it is damaged.
    """
    groups, begins = _groups_of(table, first, stop)
    for number, row in enumerate(_rows(table, groups), start=begins):
        if number >= stop:
            return
        if number >= first:
            yield Record(number + 1, 0, row)


def _rows(table: Any, groups: Sequence[int]) -> Iterator[dict[str, object]]:
    columns = _readable_columns(table)
    with _refusing():
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=groups, columns=columns):
            yield from batch.to_pylist()


def _readable_columns(table: Any) -> list[str]:
    from pyarrow import types

    kinds = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return [f.name for f in table.schema_arrow if not any(is_bytes(f.type) for is_bytes in kinds)]


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
