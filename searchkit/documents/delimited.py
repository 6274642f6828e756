"""CSV and TSV: a document for each row. The delimiter is found, the first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from searchkit.documents.packed import inner_name
from searchkit.documents.raw import RawFile
from searchkit.documents.records import Record, record_documents
from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 20
_SAMPLE_CHARS = 1 << 16
_LONGEST_FIELD = (1 << 31) - 1  # Python refuses fields over 128 kB; texts are longer, and files are bounded
_LONGEST_NAME = 100
_MOST_COLUMNS = 10_000  # what has more is a matrix, and each column has a name
_MOST_CELLS = 1_000_000  # of a line, counted before it is taken apart
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")  # "007" is a name
_FLOAT = re.compile(r"-?(?:0|[1-9]\d{0,15})\.\d{1,15}(?:[eE][-+]?\d{1,3})?")


def read(raw: RawFile) -> list[Document]:
    """The documents of a CSV or TSV file, named by row number or by the id field.

    Raises:
        DocumentRefusedError: the rows have no text, or no name where one is asked for.
    """
    text = raw.text()
    kind = "tsv" if (inner_name(raw.name) or raw.name).lower().endswith((".tsv", ".tab")) else "csv"
    delimiter = "\t" if kind == "tsv" else _delimiter(text)
    return list(record_documents(_records(text, delimiter), raw, kind))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(_lines(text, delimiter), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as exc:
        raise DocumentRefusedError(f"line {reader.line_num}: {exc}") from exc


def _lines(text: str, delimiter: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if line.count(delimiter) >= _MOST_CELLS:
            raise DocumentRefusedError(f"line {number} has more than {_MOST_CELLS:,} cells")
        yield line


def _delimiter(text: str) -> str:
    """The delimiter that gives the first rows the same number of columns, the most where several do."""
    sample = text[:_SAMPLE_CHARS]

    def agreement(delimiter: str) -> tuple[int, int]:
        rows = [len(row) for _, row in islice(_rows(sample, delimiter), _SAMPLE_ROWS)]
        columns, count = Counter(rows).most_common(1)[0] if rows else (1, 0)
        return (count, columns) if columns > 1 else (0, 0)

    return max(_DELIMITERS, key=agreement)


def _records(text: str, delimiter: str) -> Iterator[Record]:
    rows = _rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        return
    names = _column_names(first[1][: _MOST_COLUMNS + 1])
    data = rows if names else chain([first], rows)
    for number, (line, row) in enumerate(data, start=1):
        if len(row) > _MOST_COLUMNS:
            raise DocumentRefusedError(f"line {line} has {len(row):,} columns; at most {_MOST_COLUMNS:,} are read")
        cells = zip(_extended(names, len(row)), row, strict=False)
        yield Record(number, line, {name: _typed(cell) for name, cell in cells if cell.strip()})


def _column_names(row: Sequence[str]) -> list[str]:
    """The names in a header row, made unique; none when the row is data: numbers or long texts."""
    cells = [cell.strip() for cell in row]
    if any(len(cell) > _LONGEST_NAME or _INTEGER.fullmatch(cell) or _FLOAT.fullmatch(cell) for cell in cells):
        return []
    names: list[str] = []
    taken: set[str] = set()
    for at, cell in enumerate(cells, start=1):
        name = cell or f"column_{at}"
        while name in taken:
            name = f"{name}_{at}"
        taken.add(name)
        names.append(name)
    return names


def _extended(names: Sequence[str], count: int) -> list[str]:
    return [*names, *(f"column_{at}" for at in range(len(names) + 1, count + 1))]


def _typed(cell: str) -> str | int | float:
    """Numbers as numbers, so that filters compare them as such."""
    if _INTEGER.fullmatch(cell):
        return int(cell)
    return float(cell) if _FLOAT.fullmatch(cell) else cell
