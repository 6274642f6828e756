"""Changing the database. The caller holds the writer lock; each public change is one transaction.

What a reader sees after a crash: the state of the last transaction that returned, whole.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from searchkit.errors import InputError
from searchkit.store.connection import connect_writer, transaction, translated
from searchkit.store.lexical.tables import make_lexical_index, optimize_lexical_index
from searchkit.store.reader import StoreReader
from searchkit.store.rows import NewChunk, NewDocument, NewSource, OpenSource, Root, StoredSettings

WASTED_SHARE = 0.1


class StoreWriter:
    """The one connection that writes; ``read`` sees its own uncommitted changes."""

    def __init__(self, path: Path, on_commit: Callable[[str, int], None] = lambda _identity, _revision: None) -> None:
        """Open the database; ``on_commit`` is told its identity and revision after each commit."""
        self._path, self._on_commit = path, on_commit
        self._connection = connect_writer(path)
        self.read = StoreReader(path, self._connection)

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, on_commit: Callable[[str, int], None] = lambda _identity, _revision: None
    ) -> Iterator[StoreWriter]:
        """The writer, closed in the end; SQLite's errors come out as ours."""
        with translated(path):
            writer = cls(path, on_commit)
            try:
                yield writer
            finally:
                writer.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction that also moves the revision on, so that readers notice."""
        with translated(self._path), transaction(self._connection, write=True):
            yield
            identity = self.read.identity()
            if identity is None:
                identity = secrets.token_hex(8)
                self._set("identity", identity)
            revision = int(self.read._setting("revision", default=secrets.randbits(48))) + 1
            self._set("revision", revision)
            self._set("updated", datetime.now(timezone.utc).isoformat(timespec="seconds"))
        self._on_commit(identity, revision)

    # --- the whole index

    def is_new(self) -> bool:
        """Whether no encoder has been chosen yet."""
        return self.read._setting("encoder", default=None) is None

    def move_revision_to(self, least: int) -> None:
        """Within a change: let the revision be higher than ``least`` after it."""
        if int(self.read.known_settings().get("revision", 0)) < least:
            self._set("revision", least)

    def save_settings(self, settings: StoredSettings) -> None:
        for name, value in asdict(settings).items():
            self._set(name, value)

    def save_calibration(self, values: Mapping[str, object]) -> None:
        """Keep what was measured of the index: JSON values by name."""
        self._set("calibration", values)

    def save_index_plan(self, values: Mapping[str, object]) -> None:
        """Keep how the FAISS file is to be made: JSON values by name."""
        self._set("index_plan", values)

    def save_manners(self, values: Mapping[str, object]) -> None:
        """Keep how each root was indexed: JSON values by the number of the root."""
        self._set("manners", values)

    def save_intake(self, values: Mapping[str, object]) -> None:
        """Keep how far documents that were encoded elsewhere have been taken in: JSON values by name."""
        self._set("intake", values)

    def _set(self, name: str, value: object) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", [name, json.dumps(value)]
        )

    # --- roots and sources

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

    # --- words

    def rebuild_lexical(self) -> None:
        """Make the lexical index anew from the chunks; that there was need not be sound."""
        make_lexical_index(self._connection)

    def optimize_lexical(self) -> None:
        """Merge the parts of the lexical index, one of which each commit adds, so that a word is looked up once."""
        optimize_lexical_index(self._connection)

    # --- generations

    def next_generation(self) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'generations'").fetchone()
        return 1 if row is None else int(row[0]) + 1

    def set_generation(
        self, generation: int, *, file: str, kind: str, sha256: str, size: int, vector_count: int
    ) -> None:
        """Point readers at a FAISS file that holds every chunk there is."""
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.clear_generation()
        self._connection.execute(
            "INSERT INTO generations (generation, file, kind, sha256, size, vector_count, max_chunk_id, created) "
            "SELECT ?, ?, ?, ?, ?, ?, coalesce(max(chunk_id), 0), ? FROM chunks",
            [generation, file, kind, sha256, size, vector_count, created],
        )

    def clear_generation(self) -> None:
        """No FAISS file is valid any more; every chunk is tail."""
        self._connection.execute("DELETE FROM generations")
        self._connection.execute("DELETE FROM deleted_chunks")

    def return_room(self) -> None:
        """Give pages that hold nothing any more back to the disk, and fold the log into the database.

        SQLite writes the database anew for it, so it is done only where a tenth of it is empty.
        """
        with translated(self._path):
            free, pages = self._pragma("freelist_count"), self._pragma("page_count")
            if free > pages * WASTED_SHARE:
                self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as far as readers allow

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    # --- mending

    def put_vectors(self, vectors: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Give chunks that exist another vector: chunk id, vector, hash of the passage it was made from."""
        for chunk_id, vector, passage_hash in vectors:
            put = "INSERT OR REPLACE INTO embeddings (chunk_id, vector) VALUES (?, ?)"
            self._connection.execute(put, [chunk_id, vector])
            note = "UPDATE chunks SET passage_hash = ?1 WHERE chunk_id = ?2 AND passage_hash <> ?1"
            self._connection.execute(note, [passage_hash, chunk_id])

    # --- another encoder

    def stage_vectors(self, vectors: Iterable[tuple[int, bytes]]) -> None:
        """Keep vectors of a new encoder beside the ones in use."""
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS next_embeddings (chunk_id INTEGER PRIMARY KEY, vector BLOB NOT NULL)"
        )
        self._connection.executemany("INSERT OR REPLACE INTO next_embeddings VALUES (?, ?)", vectors)

    def drop_staged_vectors(self) -> None:
        self._connection.execute("DROP TABLE IF EXISTS next_embeddings")

    def promote_staged_vectors(self, settings: StoredSettings) -> None:
        """Put the staged vectors in the place of the old ones, with the encoder that made them."""
        self._connection.execute(
            "UPDATE embeddings SET vector = "
            "(SELECT n.vector FROM next_embeddings n WHERE n.chunk_id = embeddings.chunk_id)"
        )
        self.drop_staged_vectors()
        self.clear_generation()
        self.save_settings(settings)
