"""Files of judged data -> records. Unlike training data they are small and must be whole: a bad row is an error.

``.parquet``; ``.tsv`` and ``.csv`` with a header; ``.jsonl`` one object a line. Text is UTF-8.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from searchkit.errors import EvaluationError, MissingExtraError

Record: TypeAlias = Mapping[str, Any]
SHOWN_NAMES = 5
_LONGEST_FIELD = 131_072  # characters of a table's field


def read_records(path: Path) -> list[Record]:
    """All records of a file, by column name.

    Raises:
        EvaluationError: the file is missing, of an unknown format, or damaged.
        MissingExtraError: a parquet file without pyarrow.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise EvaluationError(f"{path} has no known format", hint=f"use one of {', '.join(_READERS)}")
    try:
        return list(reader(path))
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise EvaluationError(f"{path} is not UTF-8 at byte {exc.start}") from exc


def require_columns(path: Path, records: list[Record], columns: Iterable[str]) -> None:
    """Raise `EvaluationError` unless there are records and the first one has these columns."""
    if not records:
        raise EvaluationError(f"{path} holds no records")
    missing = [name for name in columns if name not in records[0]]
    if missing:
        raise EvaluationError(f"{path} has the columns {', '.join(map(str, records[0]))}; {', '.join(missing)} missing")


def text(path: Path, record: Record, column: str) -> str:
    """A field as text; it may be empty.

    Raises:
        EvaluationError: the record lacks it.
    """
    if record.get(column) is None:
        raise EvaluationError(f"{path} has a record without {column}: {some_names(list(map(str, record.values())))}")
    return str(record[column])


def number(path: Path, record: Record, column: str) -> float:
    """A field as a finite number.

    Raises:
        EvaluationError: it is none.
    """
    try:
        found = float(record[column])
    except (KeyError, TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise EvaluationError(f"{path}: {column} is {record.get(column)!r}, expected a number")
    return found


def some_names(names: Collection[str]) -> str:
    """The first few names, quoted, for a message: ``'a', 'b' and 12 more``."""
    shown = ", ".join(repr(name) for name in islice(names, SHOWN_NAMES))
    return f"{shown} and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else shown


def _read_parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as exc:
        raise MissingExtraError("pyarrow", "eval") from exc
    try:
        yield from pq.read_table(path).to_pylist()
    except pa.ArrowException as exc:
        raise EvaluationError(f"{path} is not a readable parquet file: {exc}") from exc


def _read_jsonl(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig") as lines:
        for line_number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as exc:
                raise EvaluationError(f"{path}, line {line_number} is not JSON: {exc}") from exc
            if not isinstance(record, dict):
                raise EvaluationError(
                    f"{path}, line {line_number} is a JSON {type(record).__name__}, expected an object"
                )
            yield record


def _read_csv(path: Path) -> Iterator[Record]:
    return _read_table(path, ",", csv.QUOTE_MINIMAL)


def _read_tsv(path: Path) -> Iterator[Record]:
    return _read_table(path, "\t", csv.QUOTE_NONE)


def _read_table(path: Path, delimiter: str, quoting: int) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_FIELD)  # of the whole process: whoever reads tables sets it
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
        try:
            header = next(rows, [])
            for row in rows:
                if row and len(row) != len(header):
                    raise EvaluationError(f"{path}, line {rows.line_num} has {len(row)} fields, expected {len(header)}")
                if row:
                    yield dict(zip(header, row, strict=True))
        except csv.Error as exc:  # an open quote swallows the rows below it, until the field is too long
            raise EvaluationError(f"{path}, line {rows.line_num} is not a row: {exc}") from exc


_READERS = {".parquet": _read_parquet, ".tsv": _read_tsv, ".csv": _read_csv, ".jsonl": _read_jsonl}
FORMATS = tuple(_READERS)
