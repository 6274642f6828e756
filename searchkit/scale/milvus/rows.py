"""Chunks as the rows of a collection, and rows as chunks again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from searchkit.errors import InputError
from searchkit.scale.milvus.facts import Facts, number_text
from searchkit.scale.milvus.layout import LONGEST
from searchkit.scale.milvus.words import tokens_of
from searchkit.store import ChunkRow

if TYPE_CHECKING:
    from searchkit.store.export import ExportedChunk
    from searchkit.types import HalfRows, MetadataValue

NO_SOURCE = -1


def row_of(chunk: ExportedChunk, facts: Facts, *, words: bool, partition_key: str | None) -> dict[str, Any]:
    """The row of a chunk.

    Raises:
        InputError: a part of it is longer than the server stores.
    """
    row = {
        "chunk_id": chunk.row.chunk_id,
        "document_id": chunk.row.document_id,
        "position": chunk.position,
        "source_id": NO_SOURCE if chunk.source_id is None else chunk.source_id,
        "opens_source": chunk.opens_source,
        "path": chunk.row.path or "",
        "doc_id": chunk.row.doc_id,
        "facts": facts.json(),
        "text": chunk.row.text,
        "row": _rest(chunk.row),
    }
    if words:
        row["words"] = tokens_of(chunk.words)
    if partition_key is not None:
        row["partition"] = partition_of(chunk.row.metadata.get(partition_key))
    _check_lengths(row)
    row["digest"] = _digest(row, chunk.vector)
    row["vector"] = chunk.vector.astype(np.float32)
    return row


def chunk_row(row: Mapping[str, Any]) -> ChunkRow:
    """The chunk of a row."""
    rest = json.loads(row["row"])
    return ChunkRow(
        chunk_id=int(row["chunk_id"]),
        document_id=int(row["document_id"]),
        doc_id=row["doc_id"],
        path=row["path"] or None,
        text=row["text"],
        **{**rest, "heading_path": tuple(rest["heading_path"])},
    )


def vector_of(row: Mapping[str, Any]) -> HalfRows:
    """The stored vector, (D,) float16, to the bit."""
    return np.asarray(row["vector"], dtype=np.float32).astype(np.float16)


def partition_of(value: MetadataValue) -> str:
    """The partition of a value: a text itself, other single values by value, "" for lists, objects and nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, int | float) else ""


def _rest(row: ChunkRow) -> str:
    names = ("title", "metadata", "lines_are_source", "heading_path", "start", "end", "line_start", "line_end", "page")
    return json.dumps({name: getattr(row, name) for name in names}, ensure_ascii=False)


def _check_lengths(row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, dict):
            size = len(json.dumps(value, ensure_ascii=False).encode())
        else:
            size = len(value.encode()) if isinstance(value, str) else 0
        if size > LONGEST:
            raise InputError(
                f"chunk {row['chunk_id']} of document {row['doc_id']!r} has {size:,} bytes of {name}; Milvus stores at "
                f"most {LONGEST:,}",
                hint="shorten its metadata, or remove it with searchkit rm; the next push goes on there",
            )


def _digest(row: Mapping[str, Any], vector: HalfRows) -> int:
    """64 bits, signed, of everything in a row."""
    content = json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + vector.tobytes()
    return int.from_bytes(xxhash.xxh3_64_digest(content), "big", signed=True)
