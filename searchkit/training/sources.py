"""Files -> rows of training text. A bad row is counted, named by its line and skipped; a useless file is an error.

Formats by suffix: ``.txt`` one text a line; ``.csv`` with a header (SimCSE's ``sent0,sent1,hard_neg`` among them);
``.tsv`` with a header and no quoting; ``.jsonl`` one object a line; ``.parquet``. Text is UTF-8.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from searchkit.encoder.weights import file_sha256
from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training.settings import DataSettings, Kind

SHOWN_BAD_ROWS = 5
PARQUET_BATCH = 4096
_LONGEST_FIELD = 131_072  # characters of a table's field
KNOWN_COLUMNS: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    Kind.UNSUP: (("text",), ("sentence",), ("sent0",)),
    Kind.CROP: (("text",), ("passage",)),
    Kind.CLOZE: (("text",), ("passage",)),
    Kind.DISTIL: (("text",), ("sentence",), ("passage",)),
    Kind.PAIRS: (("anchor", "positive"), ("sent0", "sent1"), ("text_a", "text_b"), ("query", "passage")),
    Kind.TRIPLETS: (
        ("anchor", "positive", "hard_negative"),
        ("anchor", "positive", "negative"),
        ("sent0", "sent1", "hard_neg"),
    ),
    Kind.SCORED: (("sentence1", "sentence2", "score"), ("sent0", "sent1", "score")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One training example: its texts in the order of the kind, its score and its group where there is one."""

    texts: tuple[str, ...]
    score: float = 0.0
    group: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped; ``line`` counts from 1 in text formats and is the row number in parquet."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """The usable rows of one file, with what was left out.

    Attributes:
        bad_count: rows that could not be used; ``bad`` names the first few of them.
        filtered: rows that ``keep``, ``drop`` and ``limit`` left out.
        sha256: of the file.
    """

    settings: DataSettings
    rows: tuple[Row, ...]
    bad_count: int
    bad: tuple[BadRow, ...]
    filtered: int
    sha256: str

    @property
    def summary(self) -> str:
        """One line for people."""
        line = f"{self.settings.label}: {len(self.rows)} rows, {self.bad_count} bad, {self.filtered} left out"
        named = "; ".join(f"line {bad.line}: {bad.reason}" for bad in self.bad)
        return f"{line} ({named})" if named else line


def read_source(settings: DataSettings, *, seed: int) -> Source:
    """Read one source whole.

    Args:
        settings: path, kind, columns and filters.
        seed: chooses the sample where ``limit`` cuts.

    Raises:
        TrainingError: the file is missing, of an unknown format, lacks a column, or has no usable row.
        MissingExtraError: a parquet file without pyarrow.
    """
    reader = _READERS.get(settings.path.suffix.lower())
    if reader is None:
        raise TrainingError(f"{settings.path} has no known format", hint=f"use one of {', '.join(_READERS)}")
    try:
        return _collect(settings, reader(settings.path), seed)
    except OSError as exc:
        raise TrainingError(f"{settings.path} cannot be read: {exc.strerror or exc}") from exc


def _collect(settings: DataSettings, records: Iterator[_Record], seed: int) -> Source:
    rows: list[Row] = []
    bad: list[BadRow] = []
    left_out = bad_count = 0
    columns: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    for line, record in records:
        if not isinstance(record, str):
            header = header or tuple(record)
            columns = columns or _columns_of(settings, record)
        row = _parse(settings, columns, record)
        if row is None:
            left_out += 1
        elif isinstance(row, Row):
            rows.append(row)
        else:
            bad_count += 1
            if len(bad) < SHOWN_BAD_ROWS:
                bad.append(BadRow(line, row))
    if header and not columns:
        raise _wrong_columns(settings, header)
    if not rows:
        found = f"; line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise TrainingError(f"{settings.path} has no usable row ({bad_count} bad, {left_out} filtered{found})")
    kept = _sample(rows, settings.limit, seed)
    left_out += len(rows) - len(kept)
    return Source(settings, tuple(kept), bad_count, tuple(bad), left_out, file_sha256(settings.path))


def _sample(rows: list[Row], limit: int | None, seed: int) -> list[Row]:
    if limit is None or limit >= len(rows):
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
    return [rows[i] for i in sorted(chosen)]


def _columns_of(settings: DataSettings, record: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns to read, where the record has them and those that filters and groups look at; else none."""
    if not {*settings.keep, *settings.drop, *([settings.group] if settings.group else [])} <= set(record):
        return ()
    fitting = (columns for columns in _wanted_columns(settings) if set(columns) <= set(record))
    alone = tuple(record) if len(record) == 1 and settings.kind in _ONE_TEXT and not settings.columns else ()
    return next(fitting, alone)


def _wanted_columns(settings: DataSettings) -> Sequence[tuple[str, ...]]:
    if not settings.columns:
        return KNOWN_COLUMNS[settings.kind]
    expected = len(KNOWN_COLUMNS[settings.kind][0])
    if len(settings.columns) != expected:
        found = f"kind {settings.kind.value!r} needs {expected} columns, found {len(settings.columns)}"
        raise TrainingError(f"{settings.path}: {found}")
    return [settings.columns]


def _wrong_columns(settings: DataSettings, header: Sequence[str]) -> TrainingError:
    wanted = " or ".join(f"({', '.join(columns)})" for columns in _wanted_columns(settings))
    others = [*settings.keep, *settings.drop, *([settings.group] if settings.group else [])]
    also = f" and {', '.join(others)}" if others else ""
    return TrainingError(
        f"{settings.path} has the columns {', '.join(map(str, header))}, expected {wanted}{also}",
        hint=f"name the columns for kind {settings.kind.value!r}",
    )


def _parse(settings: DataSettings, columns: Sequence[str], record: Mapping[str, Any] | str) -> Row | str | None:
    """A row, a reason why it is bad, or None where a filter leaves it out."""
    if isinstance(record, str):
        return record
    if not columns:
        return "columns are missing"
    if not _passes(settings, record):
        return None
    names = columns[:-1] if settings.kind is Kind.SCORED else columns
    reasons = [reason for name in names if (reason := _fault(name, record.get(name)))]
    score = _score(record.get(columns[-1])) if settings.kind is Kind.SCORED else 0.0
    if not math.isfinite(score):
        reasons.append(f"{columns[-1]} is {record.get(columns[-1])!r}, expected a number")
    if reasons:
        return reasons[0]
    texts = tuple(str(record[name]).strip() for name in names)
    group = record.get(settings.group) if settings.group else None
    texts = tuple(text.lower() for text in texts) if settings.lower_case else texts
    return Row(texts, score, "" if group is None else str(group))


def _fault(name: str, value: object) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"{name} is empty"
    if not isinstance(value, str):
        return f"{name} is not text"
    return f"{name} is not UTF-8" if "\ufffd" in value else ""


def _score(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _passes(settings: DataSettings, record: Mapping[str, Any]) -> bool:
    kept = all(str(record.get(name)) in values for name, values in settings.keep.items())
    return kept and not any(str(record.get(name)) in values for name, values in settings.drop.items())


_ONE_TEXT = (Kind.UNSUP, Kind.CROP, Kind.CLOZE, Kind.DISTIL)
_Record = tuple[int, "dict[str, Any] | str"]  # line number, and the record or the reason why there is none


def _read_text(path: Path) -> Iterator[_Record]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            yield number, {"text": line} if line.strip() else "text is empty"


def _read_csv(path: Path) -> Iterator[_Record]:
    return _read_table(path, delimiter=",", quoting=csv.QUOTE_MINIMAL)


def _read_tsv(path: Path) -> Iterator[_Record]:
    return _read_table(path, delimiter="\t", quoting=csv.QUOTE_NONE)


def _read_table(path: Path, *, delimiter: str, quoting: int) -> Iterator[_Record]:
    csv.field_size_limit(_LONGEST_FIELD)  # of the whole process: whoever reads tables sets it
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
        header = _next_fields(reader) or []
        if isinstance(header, str):
            yield reader.line_num, header
            return
        while (fields := _next_fields(reader)) is not None:
            if isinstance(fields, str):
                yield reader.line_num, fields
            elif len(fields) == len(header):
                yield reader.line_num, dict(zip(header, fields, strict=True))
            elif fields:
                yield reader.line_num, f"{len(fields)} fields, expected {len(header)}"


def _next_fields(reader: Iterator[list[str]]) -> list[str] | str | None:
    """The fields of the next row, a reason why it has none, or None at the end."""
    try:
        return next(reader, None)
    except csv.Error as exc:  # an open quote swallows the rows below it, until the field is too long
        return f"not a row: {exc}"


def _read_jsonl(path: Path) -> Iterator[_Record]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse_json(line)


def _parse_json(line: str) -> dict[str, Any] | str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as exc:
        return f"not JSON: {exc}"
    return record if isinstance(record, dict) else f"a JSON {type(record).__name__}, expected an object"


def _read_parquet(path: Path) -> Iterator[_Record]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as exc:
        raise MissingExtraError("pyarrow", "train") from exc
    numbers = itertools.count(1)
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=PARQUET_BATCH):
            for record in batch.to_pylist():
                yield next(numbers), record
    except pa.ArrowException as exc:
        raise TrainingError(f"{path} is not a readable parquet file: {exc}") from exc


_READERS = {
    ".txt": _read_text,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
