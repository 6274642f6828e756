"""A new database from what a damaged one still holds, and what was lost on the way, by name.

Rows go over as they were, ids included. Where a row is gone, the indexes of its table may still tell that there was
one: so documents are named whose chunks are missing, and chunks keep their document where only its row is gone.
Files whose documents are not whole count as not yet read, so that the next `searchkit index` makes them whole.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchkit.errors import IndexDamagedError
from searchkit.store.checksums import CHECKED
from searchkit.store.wreck.rows import Row, Wreck
from searchkit.store.writer import StoreWriter

_FARTHEST_JUMP = 1 << 32  # of a sequence beyond the ids that are there; farther, its number is damaged
_KEYS = {"chunks": "chunk_id", "documents": "document_id", "generations": "generation"}
_COPIES = {  # what the indexes of tables hold, and the temporary table it goes to
    "known_documents (doc_id, document_id)": "sqlite_autoindex_documents_1",
    "known_chunks (document_id, position, chunk_id)": "chunks_by_document",
    "known_sources (path, source_id)": "sqlite_autoindex_sources_1",
    "known_places (source_id, document_id)": "documents_by_source",
}


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What came of it.

    Attributes:
        documents, chunks: how many the new database has.
        revision: that the damaged one had; 0 where it is lost.
        undone: rows that were restored to the bit.
        lost: the names of documents that are not as they were, each with what it lacks; "" for those whose names are
            lost too.
    """

    documents: int
    chunks: int
    revision: int
    undone: int
    lost: tuple[tuple[str, str], ...]


def reclaim(damaged: Path, fresh: Path, *, whole_log: bool, revision: int = 0) -> Reclaimed:
    """Make the database ``fresh``, which does not exist, from ``damaged``, which is not changed.

    Args:
        whole_log: take what stands in the log behind a damaged place too.
        revision: the new one has a higher one, and than the damaged one.

    Raises:
        IndexStateError: the new one cannot be written.
        IndexDamagedError: ``damaged`` can be read and has nothing of an index.
    """
    with Wreck(damaged, {}, whole_log=whole_log) as wreck:
        if wreck.tables and not wreck.tables & CHECKED.keys():
            raise IndexDamagedError(
                f"{damaged.name} is a database of another program", hint="choose another --index; nothing was changed"
            )
    with StoreWriter.opened(fresh) as store:
        connection = store._connection
        connection.execute("PRAGMA foreign_keys = OFF")  # rows come in the order in which they are found
        with store.change(), Wreck(damaged, _columns_of(connection), whole_log=whole_log) as wreck:
            work = _Reclaim(connection, wreck)
            work.take_rows()
            work.take_copies()
            work.settle_documents()
            work.settle_sources()
            work.settle_sequences()
            work.tell_of_the_nameless()
            found = int(store.read.known_settings().get("revision", 0))
            store.move_revision_to(revision)
            store.list_fields()
            store.rebuild_lexical()
        counts = store.read.counts()
        return Reclaimed(counts.documents, counts.chunks, found, wreck.undone, tuple(sorted(work.lost.items())))


class _Reclaim:
    """The steps, in one transaction on the new database."""

    def __init__(self, connection: sqlite3.Connection, wreck: Wreck) -> None:
        self._connection, self._wreck = connection, wreck
        self.lost: dict[str, str] = {}

    def take_rows(self) -> None:
        """Every sound row, but for the record of the vectors file: that is made anew."""
        for trigger in ("words_inserted", "words_deleted"):  # all words are made at once in the end
            self._connection.execute(f"DROP TRIGGER {trigger}")
        for table in CHECKED:
            for row in self._wreck.rows(table):
                self._put(table, row, replace=table == "settings")
        for table, row in self._wreck.stray_rows():
            self._put(table, row)

    def _put(self, table: str, row: Row, *, replace: bool = False) -> None:
        if table == "generations":
            return
        names = ", ".join(f'"{column}"' for column in row)
        marks = ", ".join("?" for _ in row)
        how = "REPLACE" if replace else "IGNORE"
        self._connection.execute(f"INSERT OR {how} INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def take_copies(self) -> None:
        for table, index in _COPIES.items():
            self._connection.execute(f"CREATE TEMP TABLE {table}")
            width = table.count(",") + 1
            rows = (values for values in self._wreck.entries(index) if len(values) == width)
            put = f"INSERT INTO {table} VALUES ({', '.join('?' for _ in range(width))})"
            self._connection.executemany(put, rows)

    def settle_documents(self) -> None:
        """Give chunks without a document one, and tell of documents that lack chunks."""
        for document_id, doc_id, source_id in self._all(
            "SELECT document_id, (SELECT doc_id FROM known_documents k WHERE k.document_id = c.document_id), "
            "(SELECT source_id FROM known_places p WHERE p.document_id = c.document_id) "
            "FROM (SELECT DISTINCT document_id FROM chunks) c "
            "WHERE document_id NOT IN (SELECT document_id FROM documents)"
        ):
            self._revive_document(document_id, doc_id, source_id)
        for (doc_id,) in self._all("SELECT doc_id FROM documents WHERE NOT json_valid(metadata)"):
            self.lost[str(doc_id)] = "its metadata"
        self._run("UPDATE documents SET metadata = '{}' WHERE NOT json_valid(metadata)")
        self._run("UPDATE chunks SET heading_path = '[]' WHERE NOT json_valid(heading_path)")
        for table in ("embeddings", "chunk_topics"):
            self._run(f"DELETE FROM {table} WHERE chunk_id NOT IN (SELECT chunk_id FROM chunks)")
        self._tell_of_missing_chunks()
        gone = "SELECT doc_id FROM known_documents WHERE document_id NOT IN (SELECT document_id FROM documents)"
        for (doc_id,) in self._all(gone):
            self.lost.setdefault(str(doc_id), "all of it")

    def _revive_document(self, document_id: int, doc_id: object, source_id: object) -> None:
        has_name = isinstance(doc_id, str) and not self._all("SELECT 1 FROM documents WHERE doc_id = ?", doc_id)
        name = str(doc_id) if has_name else f"recovered-{document_id}"
        self._run(
            "INSERT INTO documents (document_id, source_id, doc_id, title, metadata, lines_are_source) "
            "VALUES (?, ?, ?, '', '{}', 0)",
            document_id,
            source_id if isinstance(source_id, int) else None,
            name,
        )
        self.lost[name] = "its title and metadata" if has_name else "its name, title and metadata"
        of_it = "(SELECT chunk_id FROM chunks WHERE document_id = ?)"
        self._run(f"DELETE FROM embeddings WHERE chunk_id IN {of_it}", document_id)  # made with the title

    def _tell_of_missing_chunks(self) -> None:
        missing = self._all(
            "SELECT d.doc_id, d.document_id, count(*), "
            "(SELECT count(*) FROM chunks c WHERE c.document_id = d.document_id) "
            "FROM known_chunks k JOIN documents d USING (document_id) "
            "WHERE k.chunk_id NOT IN (SELECT chunk_id FROM chunks) GROUP BY d.document_id"
        )
        for doc_id, document_id, number, left in missing:
            if left:
                self.lost[doc_id] = f"{number} of its {number + left} chunks"
            else:
                self.lost[doc_id] = "all of it"
                self._run("DELETE FROM documents WHERE document_id = ?", document_id)
        for doc_id, document_id in self._all(
            "SELECT doc_id, document_id FROM documents JOIN chunks USING (document_id) GROUP BY document_id "
            "HAVING max(position) <> count(*) - 1"
        ):
            self.lost.setdefault(doc_id, "some of its chunks")
            self._renumber(document_id)

    def _renumber(self, document_id: int) -> None:
        ids = self._all("SELECT chunk_id FROM chunks WHERE document_id = ? ORDER BY position", document_id)
        for position, (chunk_id,) in enumerate(ids):
            self._run("UPDATE chunks SET position = ? WHERE chunk_id = ?", position, chunk_id)

    def settle_sources(self) -> None:
        """Give documents the file that they came from, and have files read again whose documents are not whole."""
        self._run("UPDATE sources SET root_id = NULL WHERE root_id NOT IN (SELECT root_id FROM roots)")
        for source_id, doc_id, path in self._all(
            "SELECT source_id, min(doc_id), (SELECT path FROM known_sources k WHERE k.source_id = d.source_id) "
            "FROM documents d WHERE source_id NOT IN (SELECT source_id FROM sources) GROUP BY source_id"
        ):
            known = path if isinstance(path, str) else str(doc_id).partition("#")[0]
            self._run(
                "INSERT OR IGNORE INTO sources (source_id, path, size, content_hash, options_digest, status) "
                "VALUES (?, ?, 0, '', '', 'indexed')",
                source_id,
                known,
            )
        self._run("UPDATE documents SET source_id = NULL WHERE source_id NOT IN (SELECT source_id FROM sources)")
        for name in self.lost:
            unread = "UPDATE sources SET mtime_ns = NULL, content_hash = '' WHERE "
            self._run(unread + "path = ?", name)
            self._run(unread + "source_id IN (SELECT source_id FROM documents WHERE doc_id = ?)", name)
            known = "(SELECT source_id FROM known_places JOIN known_documents USING (document_id) WHERE doc_id = ?)"
            self._run(unread + f"source_id IN {known}", name)

    def settle_sequences(self) -> None:
        """No id is given twice, also not one whose row is lost."""
        given = {values[0]: values[1] for values in self._wreck.entries("sqlite_sequence") if len(values) == 2}
        for table, key in _KEYS.items():
            ((highest,),) = self._all(f"SELECT coalesce(max({key}), 0) FROM {table}")
            stated = given.get(table)
            if isinstance(stated, int) and highest < stated <= highest + _FARTHEST_JUMP:
                highest = stated
            self._run("DELETE FROM sqlite_sequence WHERE name = ?", table)
            self._run("INSERT INTO sqlite_sequence VALUES (?, ?)", table, highest)

    def tell_of_the_nameless(self) -> None:
        """Where the documents and the index of their names are both torn, some may be gone without a trace."""
        torn = {"documents", "sqlite_autoindex_documents_1"} <= self._wreck.broken
        if not torn or not self._wreck.has_gaps:
            return
        ((given,),) = self._all("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
        ((there,),) = self._all(
            "SELECT count(*) FROM (SELECT document_id FROM documents UNION SELECT document_id FROM known_documents)"
        )
        number = f"up to {given - there} more documents" if given > there else "perhaps more documents"
        self.lost[""] = f"{number}, whose names are lost too"

    def _run(self, sql: str, *parameters: object) -> None:
        self._connection.execute(sql, parameters)

    def _all(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()


def _columns_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    return {table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")] for table in CHECKED}
