"""Documents with their metadata, by name or by filter, those without a chunk included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from searchkit.store.checksums import checksum_of
from searchkit.store.reader import StoreReader
from searchkit.store.reading.base import altered
from searchkit.store.rows import DocumentRow

if TYPE_CHECKING:
    from searchkit.store.filters.where import SqlCondition


class DocumentsReader:
    """Reads documents in the snapshot that another reader has."""

    def __init__(self, reader: StoreReader) -> None:
        self._connection, self._is_checked = reader._connection, reader._is_checked

    def matching(self, condition: SqlCondition | None, names: Sequence[str] | None) -> Iterator[DocumentRow]:
        """The documents that a filter lets through, and that are named, in the order in which they were added.

        Args:
            condition: over ``d`` and ``s``, as filters are; None for no filter.
            names: their ``doc_id``; unknown ones are passed over. None for all documents.
        """
        clauses, parameters = ["1"], list[object]()
        if condition is not None:
            clauses.append(f"({condition.sql})")
            parameters.extend(condition.parameters)
        if names is not None:
            clauses.append("d.doc_id IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps(list(names)))
        sound = f"d.checksum IS {checksum_of('documents', 'd.')}" if self._is_checked else "1"
        rows = self._connection.execute(
            "SELECT d.document_id, d.doc_id, s.path, d.title, d.metadata, "
            f"(SELECT count(*) FROM chunks c WHERE c.document_id = d.document_id), {sound} "
            f"FROM documents d LEFT JOIN sources s USING (source_id) WHERE {' AND '.join(clauses)} "
            "ORDER BY d.document_id",
            parameters,
        )
        for number, doc_id, path, title, metadata, chunks, is_sound in rows:
            if not is_sound:
                raise altered(f"document {doc_id!r}")
            yield DocumentRow(number, doc_id, path, title, json.loads(metadata), chunks)
