"""Texts with a label, for classification and clustering.

A file (parquet, TSV, CSV, JSONL) with the columns ``text``, or ``text_a`` and ``text_b`` for pairs, ``label`` and
``split``; ``source`` where it holds several tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from searchkit.errors import EvaluationError
from searchkit.evaluation.records import Record, read_records, require_columns, text


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text, or a pair of texts, and its label."""

    texts: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A task: what may be learned from, and what is judged."""

    name: str
    train: tuple[Labelled, ...]
    test: tuple[Labelled, ...]


def read_labelled(path: Path, *, source: str | None = None) -> LabelledSet:
    """Read one task.

    Args:
        path: the file; its folder's name becomes the name of the task, unless ``source`` is given.
        source: rows of this source alone.

    Raises:
        EvaluationError: missing columns or fields, or no rows of split ``train`` or ``test``.
        MissingExtraError: parquet without pyarrow.
    """
    records = read_records(path)
    require_columns(path, records, ("label", "split"))
    columns = ("text",) if "text" in records[0] else ("text_a", "text_b")
    require_columns(path, records, columns)
    if source is not None:
        records = [row for row in records if row.get("source") == source]
    train, test = (_of_split(path, records, split, columns) for split in ("train", "test"))
    if not train or not test:
        of_source = f" of source {source!r}" if source is not None else ""
        raise EvaluationError(
            f"{path} has {len(train)} rows{of_source} in split 'train' and {len(test)} in 'test', expected both",
            hint="name a source that the file has" if source is not None else "",
        )
    return LabelledSet(source or path.resolve().parent.name, train, test)


def _of_split(path: Path, records: list[Record], split: str, columns: tuple[str, ...]) -> tuple[Labelled, ...]:
    return tuple(
        Labelled(tuple(text(path, row, column) for column in columns), text(path, row, "label"))
        for row in records
        if row.get("split") == split
    )
