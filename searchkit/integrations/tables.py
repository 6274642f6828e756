"""Tables in and out: documents from pandas, datasets and Arrow; hits and embeddings as DataFrames and Arrow tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from searchkit.errors import InputError, MissingExtraError
from searchkit.search.asking.hit_json import hit_to_dict
from searchkit.types import Document, Hit

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from searchkit.search import SearchEngine

OWN_KEYS = ("id", "text", "title")  # of a mapping that is added
_FINE = ("ns", "ps", "fs", "as")  # units of numpy's times that Python's have no place for: it gives bare integers


def documents_from(
    table: Any,
    *,
    text: str = "text",
    id: str | None = None,
    title: str | None = None,
    metadata: Sequence[str] | None = None,
) -> Iterator[Document | dict[str, Any]]:
    """The rows of a table as documents, for `SearchEngine.add`.

    Values become JSON values: numbers and texts as they are, dates as ISO 8601, arrays as lists; what is missing
    (None, NaN, NaT) is left out.

    Args:
        table: a pandas DataFrame, a `datasets.Dataset` (streamed or not), an Arrow table or reader of batches, or
            any iterable of mappings.
        text: the column that is searched.
        id: the column that names documents, so that a row that comes again takes the place of the one before; None
            to have names given.
        title: the column shown above a hit, and embedded with the text.
        metadata: the columns that filters see; None for all others.

    Raises:
        InputError: a column that is not there, a row without text or id, or a value that is no JSON value.
    """
    named = {"text": text, "id": id, "title": title}
    used = [column for column in named.values() if column is not None]
    for number, row in enumerate(_rows(table)):
        missing = [column for column in [*used, *(metadata or [])] if column not in row]
        if missing:
            known = ", ".join(map(repr, row)) or "none"
            raise InputError(f"row {number} has no column {missing[0]!r}; its columns are {known}")
        others = [column for column in row if column not in used] if metadata is None else metadata
        values = {str(column): value for column in others if (value := _json(row[column], column, number)) is not None}
        yield _document({key: _text(row, column, number) for key, column in named.items()}, values, number)


def _document(own: Mapping[str, str | None], metadata: dict[str, Any], number: int) -> Document | dict[str, Any]:
    if own["text"] is None:
        raise InputError(f"row {number} has no text", hint="drop rows without text first")
    if own["id"] is not None:
        return Document(own["id"], own["text"], own["title"] or "", metadata)
    taken = [name for name in OWN_KEYS if name in metadata]
    if taken:
        raise InputError(f"the column {taken[0]!r} cannot be metadata without ids", hint="rename it, or give id=")
    return {"text": own["text"], "title": own["title"] or "", **metadata}


def _text(row: Mapping[str, Any], column: str | None, number: int) -> str | None:
    value = None if column is None else _json(row[column], column, number)
    return None if value is None else str(value)


def _rows(table: Any) -> Iterator[Mapping[str, Any]]:
    if hasattr(table, "itertuples"):  # pandas
        columns = list(table.columns)
        return (dict(zip(columns, row, strict=True)) for row in table.itertuples(index=False, name=None))
    if hasattr(table, "to_batches"):
        return (row for batch in table.to_batches() for row in batch.to_pylist())
    if hasattr(table, "read_next_batch"):
        return (row for batch in table for row in batch.to_pylist())
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(f"the table is {type(table).__name__}; expected a DataFrame, a Dataset, or rows")
    return map(_row, table)


def _row(row: object) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise InputError(f"a row is {type(row).__name__}; expected a mapping of columns to values")
    return row


def _json(value: Any, column: object, number: int) -> Any:
    """The value as a JSON value; None for one that is missing."""
    if isinstance(value, np.generic | np.ndarray):
        value = (value.astype(f"{value.dtype.kind}8[us]") if _is_fine(value.dtype) else value).tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime | date | time):
        return None if value != value else value.isoformat()  # NaT is a datetime that is not itself
    if isinstance(value, list | tuple | set):
        return [_json(one, column, number) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _json(one, column, number) for key, one in value.items()}
    if type(value).__name__ == "NAType":  # pandas.NA
        return None
    raise InputError(f"row {number} has {type(value).__name__} in column {column!r}; expected a JSON value or a date")


def _is_fine(dtype: np.dtype[Any]) -> bool:
    """Whether it is of times to the nanosecond or finer."""
    return dtype.kind in "Mm" and np.datetime_data(cast("np.dtype[np.datetime64]", dtype))[0] in _FINE


def hits_to_frame(hits: Sequence[Hit] | Sequence[Sequence[Hit]]) -> pandas.DataFrame:
    """Hits as a DataFrame, a row each, columns as in the JSON of a hit, its metadata as ``metadata.NAME``.

    Of the hits of many queries, a list of lists, a first column ``query`` tells which, from 0.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    pandas = _pandas()
    rows, columns = _hit_rows(hits)
    return pandas.DataFrame({name: [row.get(name) for row in rows] for name in columns}, columns=columns)


def hits_to_arrow(hits: Sequence[Hit] | Sequence[Sequence[Hit]]) -> pyarrow.Table:
    """The same as an Arrow table; ``datasets.Dataset(table)`` makes a Dataset of it.

    A field of the metadata that is a number here and a text there is JSON text throughout.
    """
    arrow = _arrow()
    rows, columns = _hit_rows(hits)
    return arrow.table({name: _arrow_column(arrow, [row.get(name) for row in rows]) for name in columns})


def _arrow_column(arrow: Any, values: list[Any]) -> Any:
    """Values of one type as they are; where documents disagree on the type of a field, as JSON text."""
    try:
        return arrow.array(values)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError):
        return arrow.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in values])


def _hit_rows(hits: Sequence[Hit] | Sequence[Sequence[Hit]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows, and the columns of all of them, the metadata last."""
    is_flat = all(isinstance(one, Hit) for one in hits)
    lists = cast("Sequence[Sequence[Hit]]", [hits] if is_flat else hits)
    numbered = [(number, hit) for number, some in enumerate(lists) for hit in some]
    rows = [({} if is_flat else {"query": number}) | _hit_row(hit) for number, hit in numbered]
    columns = dict.fromkeys([*([] if is_flat else ["query"]), *_HIT_COLUMNS])
    columns |= dict.fromkeys(sorted(name for row in rows for name in row if name not in columns))
    return rows, list(columns)


_HIT_COLUMNS = (
    *("rank", "score", "percentile", "id", "doc_id", "path", "line_start", "line_end", "page", "title"),
    *("heading_path", "snippet", "text"),
)


def _hit_row(hit: Hit) -> dict[str, Any]:
    found = hit_to_dict(hit)
    return {name: found[name] for name in _HIT_COLUMNS} | {f"metadata.{k}": v for k, v in hit.metadata.items()}


def embeddings_to_frame(engine: SearchEngine) -> pandas.DataFrame:
    """Every chunk of an index with its vector: id, doc_id, path, title, text, embedding; a float32 array (D,) each.

    ``np.stack(frame["embedding"])`` gives the (N, D) rows.
    """
    columns, rows = _chunk_columns(engine)
    return _pandas().DataFrame({**columns, "embedding": list(rows)})


def embeddings_to_arrow(engine: SearchEngine) -> pyarrow.Table:
    """The same as an Arrow table; the embedding is a fixed-size list of float32."""
    arrow = _arrow()
    columns, rows = _chunk_columns(engine)
    types = {"id": arrow.int64()} | dict.fromkeys(("doc_id", "path", "title", "text"), arrow.string())
    arrays = {name: arrow.array(values, types[name]) for name, values in columns.items()}
    flat = arrow.array(np.ascontiguousarray(rows).ravel(), arrow.float32())
    return arrow.table({**arrays, "embedding": arrow.FixedSizeListArray.from_arrays(flat, rows.shape[1])})


def _chunk_columns(engine: SearchEngine) -> tuple[dict[str, list[Any]], Any]:
    """The columns without the vectors, and these (N, D) float32, by ascending id."""
    with engine.corpus() as corpus:
        order = np.argsort(corpus.layout.ids)
        rows = corpus.vectors()[order].astype(np.float32)
        chunks = corpus.chunks(corpus.layout.ids[order])
    columns: dict[str, list[Any]] = {"id": [chunk.chunk_id for chunk in chunks]}
    for name in ("doc_id", "path", "title", "text"):
        columns[name] = [getattr(chunk, name) for chunk in chunks]
    return columns, rows


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as exc:
        raise MissingExtraError("pandas", "tables") from exc
    return pandas


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError as exc:
        raise MissingExtraError("pyarrow", "tables") from exc
    return pyarrow
