"""Chunk id, gimme the text: documents, chunks, vectors and settings in SQLite."""

from __future__ import annotations

from searchkit.store.connection import MEND
from searchkit.store.lexical.query import LexicalQuery, parse_query, plain_query
from searchkit.store.reader import StoreReader
from searchkit.store.reading.vectors import MAX_CHUNK_ID, VECTOR_DTYPE
from searchkit.store.rows import (
    ChunkRow,
    Counts,
    DocumentRow,
    GenerationRow,
    NewChunk,
    NewDocument,
    NewSource,
    OpenSource,
    Root,
    SourceInfo,
    SourceRow,
    StoredSettings,
)
from searchkit.store.writer import StoreWriter

__all__ = [
    "MAX_CHUNK_ID",
    "MEND",
    "VECTOR_DTYPE",
    "ChunkRow",
    "Counts",
    "DocumentRow",
    "GenerationRow",
    "LexicalQuery",
    "NewChunk",
    "NewDocument",
    "NewSource",
    "OpenSource",
    "Root",
    "SourceInfo",
    "SourceRow",
    "StoreReader",
    "StoreWriter",
    "StoredSettings",
    "parse_query",
    "plain_query",
]
