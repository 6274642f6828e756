"""Files and folders, the documents that came from them, and the names of their metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator

from searchkit.store.reading.base import TableReader, altered
from searchkit.store.reading.chunks import NAMED
from searchkit.store.rows import DocumentRow, Root, SourceInfo, SourceRow

LONGEST_GIVEN = len("text-") + 18  # characters of a name with a number that SQLite can hold
SOURCE_COLUMNS = "source_id, root_id, path, size, mtime_ns, content_hash, options_digest, status, reason FROM sources"


class SourceReader(TableReader):
    """The part of `StoreReader` for files and documents."""

    def document_names(self, *, limit: int) -> list[str]:
        """Some names of documents, for a suggestion."""
        return [name for (name,) in self._connection.execute("SELECT doc_id FROM documents LIMIT ?", [limit])]

    def next_text_number(self) -> int:
        """A number from which on ``text-<number>`` names no document and, if it was ours to give, never did."""
        return 1 + self._scalar(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'documents'), 0), "
            "coalesce((SELECT max(CAST(substr(doc_id, 6) AS INTEGER)) FROM documents "
            "WHERE doc_id GLOB 'text-[0-9]*' AND length(doc_id) <= ?), 0))",
            LONGEST_GIVEN,
        )

    def is_taken(self, doc_id: str, *, path: str | None) -> bool:
        """Whether a document of that name is not one of the file ``path``, or, for None, is one of a file."""
        row = self._connection.execute(
            "SELECT s.path FROM documents LEFT JOIN sources s USING (source_id) WHERE doc_id = ?", [doc_id]
        ).fetchone()
        return row is not None and row[0] != path

    def documents(self, name: str) -> list[DocumentRow]:
        """The documents of that name or of that file."""
        return list(self._documents(NAMED, name, name))

    def _documents(self, clause: str, *parameters: object) -> Iterator[DocumentRow]:
        """The documents that meet a condition over ``d`` and ``s``, in the order in which they were added."""
        rows = self._connection.execute(
            "SELECT d.document_id, d.doc_id, s.path, d.title, d.metadata, "
            "(SELECT count(*) FROM chunks c WHERE c.document_id = d.document_id), "
            f"{self._sound('documents', 'd.')} FROM documents d LEFT JOIN sources s USING (source_id) "
            f"WHERE {clause} ORDER BY d.document_id",
            parameters,
        )
        for number, doc_id, path, title, metadata, chunks, is_sound in rows:
            if not is_sound:
                raise altered(f"document {doc_id!r}")
            yield DocumentRow(number, doc_id, path, title, json.loads(metadata), chunks)

    def sources_under(self, root_id: int) -> dict[str, SourceRow]:
        """The files of one root by path."""
        rows = self._connection.execute(f"SELECT {SOURCE_COLUMNS} WHERE root_id = ?", [root_id])
        return {row[2]: SourceRow(*row) for row in rows}

    def source(self, path: str) -> SourceRow | None:
        row = self._connection.execute(f"SELECT {SOURCE_COLUMNS} WHERE path = ?", [path]).fetchone()
        return None if row is None else SourceRow(*row)

    def listing(self) -> Iterator[SourceInfo]:
        rows = self._connection.execute(
            "SELECT s.path, s.size, s.modified, count(DISTINCT d.document_id), count(c.chunk_id), s.status, s.reason "
            "FROM sources s LEFT JOIN documents d USING (source_id) LEFT JOIN chunks c USING (document_id) "
            "GROUP BY s.source_id ORDER BY s.path"
        )
        return (SourceInfo(*row) for row in rows)

    def metadata_fields(self) -> list[str]:
        return [name for (name,) in self._connection.execute("SELECT name FROM metadata_fields ORDER BY name")]

    def roots(self) -> list[Root]:
        roots = []
        rows = f"SELECT root_id, prefix, location, {self._sound('roots')} FROM roots ORDER BY prefix"
        for *values, is_sound in self._connection.execute(rows):
            if not is_sound:
                raise altered(f"the record of the indexed folder {values[2]!r}")
            roots.append(Root(*values))
        return roots
