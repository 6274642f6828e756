"""Folders, files, and the documents that came from them or from memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from searchkit.errors import InputError
from searchkit.store.rows import NewChunk, NewDocument, NewSource, OpenSource, Root
from searchkit.store.writing.base import TableWriter


class SourceWriter(TableWriter):
    """The part of `StoreWriter` for files and documents."""

    def add_root(self, prefix: str, location: str) -> Root:
        cursor = self._connection.execute("INSERT INTO roots (prefix, location) VALUES (?, ?)", [prefix, location])
        return Root(int(cursor.lastrowid or 0), prefix, location)

    def move_root(self, root_id: int, *, prefix: str, location: str) -> None:
        self._connection.execute(
            "UPDATE roots SET prefix = ?, location = ? WHERE root_id = ?", [prefix, location, root_id]
        )

    def absorb_root(self, root_id: int, into: int) -> None:
        """Count the files of one root as another's, and forget it."""
        self._connection.execute("UPDATE sources SET root_id = ? WHERE root_id = ?", [into, root_id])
        self._connection.execute("DELETE FROM roots WHERE root_id = ?", [root_id])

    def begin_source(self, source: NewSource) -> OpenSource:
        """Start to replace what is known under a path. Until ``finish_source`` the file counts as not yet read,
        so a run that is cut off between two commits reads it again; what it wrote is searchable meanwhile."""
        row = self._connection.execute("SELECT source_id FROM sources WHERE path = ?", [source.path]).fetchone()
        if row is None:
            source_id = self._connection.execute(
                "INSERT INTO sources (root_id, path, size, content_hash, options_digest, status) "
                "VALUES (?, ?, ?, '', '', 'indexed')",
                [source.root_id, source.path, source.size],
            ).lastrowid
        else:
            (source_id,) = row
            unread = "UPDATE sources SET mtime_ns = NULL, content_hash = '' WHERE source_id = ?"
            self._connection.execute(unread, row)
        newest = self._connection.execute("SELECT coalesce(max(document_id), 0) FROM documents").fetchone()
        return OpenSource(source, int(source_id or 0), int(newest[0]))

    def finish_source(self, file: OpenSource) -> None:
        """Record that the file was read whole; documents that it had before and has no more are dropped."""
        self._connection.execute(
            "DELETE FROM documents WHERE source_id = ? AND document_id <= ?",
            [file.source_id, file.documents_before],
        )
        self._connection.execute(
            "UPDATE sources SET root_id = :root_id, size = :size, modified = :modified, mtime_ns = :mtime_ns, "
            "content_hash = :content_hash, options_digest = :options_digest, status = :status, reason = :reason "
            "WHERE source_id = :source_id",
            {**asdict(file.source), "source_id": file.source_id},
        )

    def touch_source(self, source_id: int, *, mtime_ns: int, modified: str | None) -> None:
        """Note that a file was looked at and has the same content."""
        self._connection.execute(
            "UPDATE sources SET mtime_ns = ?, modified = ? WHERE source_id = ?",
            [mtime_ns, modified, source_id],
        )

    def drop_sources(self, paths: Sequence[str]) -> None:
        self._connection.executemany("DELETE FROM sources WHERE path = ?", ([path] for path in paths))

    # --- documents

    def put_document(self, document: NewDocument, *, file: OpenSource | None = None) -> bool:
        """Write a document in place of one of the same name. Whether there was one."""
        replaced = self.drop_documents([document.document.doc_id]) > 0
        self._insert_document(document, source_id=None if file is None else file.source_id)
        return replaced

    def drop_documents(self, doc_ids: Sequence[str]) -> int:
        """How many of the names existed."""
        drop = "DELETE FROM documents WHERE doc_id = ?"
        return sum(self._connection.execute(drop, [doc_id]).rowcount for doc_id in doc_ids)

    def drop_named(self, name: str) -> int:
        """Drop the document of that name, or all of a file, or of all files in a folder. How many there were."""
        folder = name.rstrip("/") + "/"
        dropped = self._connection.execute(
            "DELETE FROM documents WHERE doc_id = :name OR source_id IN "
            "(SELECT source_id FROM sources WHERE path = :name OR substr(path, 1, length(:folder)) = :folder)",
            {"name": name, "folder": folder},
        ).rowcount
        self._connection.execute(
            "DELETE FROM sources WHERE path = :name OR substr(path, 1, length(:folder)) = :folder",
            {"name": name, "folder": folder},
        )
        return dropped

    def _insert_document(self, new: NewDocument, *, source_id: int | None) -> None:
        document = new.document
        metadata = json.dumps(document.metadata, ensure_ascii=False, sort_keys=True)
        self._note_fields(document.doc_id, metadata)
        cursor = self._connection.execute(
            "INSERT INTO documents (source_id, doc_id, title, metadata, lines_are_source) VALUES (?, ?, ?, ?, ?)",
            [source_id, document.doc_id, document.title, metadata, document.lines_are_source],
        )
        for position, chunk in enumerate(new.chunks):
            self._insert_chunk(chunk, document_id=cursor.lastrowid, position=position)

    def _note_fields(self, doc_id: str, metadata: str) -> None:
        """Note the names in metadata, a JSON object, as SQLite reads it; what it cannot read no filter could bear."""
        try:
            self._connection.execute("INSERT OR IGNORE INTO metadata_fields SELECT key FROM json_each(?)", [metadata])
        except sqlite3.OperationalError as error:
            if "malformed JSON" not in str(error):
                raise
            raise InputError(
                f"the metadata of document {doc_id!r} is no JSON that SQLite reads", hint="is it nested too deeply?"
            ) from error

    def _insert_chunk(self, new: NewChunk, *, document_id: int | None, position: int) -> None:
        chunk = new.chunk
        cursor = self._connection.execute(
            'INSERT INTO chunks (document_id, position, text, heading_path, start, "end", line_start, line_end, page, '
            "passage_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                document_id,
                position,
                chunk.text,
                json.dumps(chunk.heading_path, ensure_ascii=False),
                chunk.start,
                chunk.end,
                chunk.line_start,
                chunk.line_end,
                chunk.page,
                new.passage_hash,
            ],
        )
        self._connection.execute(
            "INSERT INTO embeddings (chunk_id, vector) VALUES (?, ?)", [cursor.lastrowid, new.vector]
        )

    def forget_unused_fields(self) -> None:
        """Drop names of metadata that no document has any more."""
        self._connection.execute(
            "DELETE FROM metadata_fields WHERE name NOT IN (SELECT key FROM documents, json_each(documents.metadata))"
        )

    def list_fields(self) -> None:
        """Note the names of all metadata that documents have."""
        self._connection.execute(
            "INSERT OR IGNORE INTO metadata_fields SELECT DISTINCT key FROM documents, json_each(documents.metadata)"
        )
