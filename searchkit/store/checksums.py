"""A checksum beside each row: SQLite has none for its pages, so a disk's flipped bit would be read as text.

The column ``checksum`` is filled by triggers, whoever writes; readers compare it in the same query that reads the
row. Tables that are derived from others (words, deleted chunks, names of fields) have none: they are compared with
what they are made of.
"""

from __future__ import annotations

import sqlite3

import xxhash

from searchkit.store.functions import make_known

CHECKED = {
    "settings": ("name", "value"),
    "roots": ("root_id", "prefix", "location"),
    "sources": (
        *("source_id", "root_id", "path", "size", "modified", "mtime_ns", "content_hash", "options_digest"),
        *("status", "reason"),
    ),
    "documents": ("document_id", "source_id", "doc_id", "title", "metadata", "lines_are_source"),
    "chunks": (
        *("chunk_id", "document_id", "position", "text", "heading_path", "start", '"end"', "line_start", "line_end"),
        *("page", "passage_hash"),
    ),
    "embeddings": ("chunk_id", "vector"),
    "generations": (*("generation", "file", "kind", "sha256", "size", "vector_count", "max_chunk_id", "created"),),
    "topics": ("number", "label", "phrases", "least", "centre"),
    "chunk_topics": ("chunk_id", "number"),
    "judgements": ("judgement_id", "query", "doc_id", "passage_hash", "passage", "is_accepted", "judged"),
}  # the columns of each table by which it is checked; the first is its key
CHECKED_SINCE = dict.fromkeys(CHECKED, 3) | {"topics": 5, "chunk_topics": 5, "judgements": 6}  # version of the schema


def register_checksums(connection: sqlite3.Connection) -> None:
    """Make ``row_checksum(value, ...)`` and ``vector_checksum(chunk_id, vector)`` known to SQL on this connection."""
    make_known(connection, "row_checksum", -1, row_checksum)
    make_known(connection, "vector_checksum", 2, vector_checksum)


def row_checksum(*values: object) -> int:
    """XXH3-64 of a row as SQLite gives it: as a signed number, which SQLite can hold."""
    checksum = 0
    others: list[object] = []  # numbers and NULL as they are, of the rest its type
    for value in values:
        if isinstance(value, str):
            checksum = xxhash.xxh3_64_intdigest(value.encode("utf-8", "surrogateescape"), checksum)
            others.append("text")
        elif isinstance(value, bytes):
            checksum = xxhash.xxh3_64_intdigest(value, checksum)
            others.append("blob")
        else:
            others.append(value)
    return xxhash.xxh3_64_intdigest(repr(others).encode(), checksum) - 2**63


def vector_checksum(chunk_id: int, vector: bytes) -> int:
    """The checksum of a row of ``embeddings``: shorter to make, since every search reads many."""
    return xxhash.xxh3_64_intdigest(vector, chunk_id) - 2**63


def checksum_of(table: str, prefix: str = "") -> str:
    """SQL for the checksum that a row of the table ought to have; ``prefix`` is ``new.`` or an alias with its dot."""
    function = "vector_checksum" if table == "embeddings" else "row_checksum"
    return f"{function}({', '.join(prefix + column for column in CHECKED[table])})"


def checksum_statements(version: int) -> list[str]:
    """The migration to a version: the columns, the checksums of what is there, and the triggers that fill them."""
    tables = (table for table, since in CHECKED_SINCE.items() if since == version)
    return [statement for table in tables for statement in _statements_for(table)]


def _statements_for(table: str) -> list[str]:
    key, *others = CHECKED[table]
    renew = f"UPDATE {table} SET checksum = {checksum_of(table, 'new.')} WHERE {key} = new.{key};"
    return [
        f"ALTER TABLE {table} ADD COLUMN checksum INTEGER",
        f"UPDATE {table} SET checksum = {checksum_of(table)}",
        f"CREATE TRIGGER {table}_inserted AFTER INSERT ON {table} BEGIN {renew} END",
        f"CREATE TRIGGER {table}_updated AFTER UPDATE OF {', '.join(others)} ON {table} BEGIN {renew} END",
    ]
