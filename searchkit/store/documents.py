"""Documents with their metadata, by name or by filter, those without a chunk included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.store.filters.where import SqlCondition
    from searchkit.store.reader import StoreReader
    from searchkit.store.rows import DocumentRow


class DocumentsReader:
    """Reads documents in the snapshot that another reader has."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def matching(self, condition: SqlCondition | None, names: Sequence[str] | None) -> Iterator[DocumentRow]:
        """The documents that a filter lets through, and that are named, in the order in which they were added.

        Args:
            condition: over ``d`` and ``s``, as filters are; None for no filter.
            names: their ``doc_id``; unknown ones are passed over. None for all documents.

        Raises:
            IndexDamagedError: a row is not as it was written.
        """
        clauses, parameters = ["1"], list[object]()
        if condition is not None:
            clauses.append(f"({condition.sql})")
            parameters.extend(condition.parameters)
        if names is not None:
            clauses.append("d.doc_id IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps(list(names)))
        return self._reader._documents(" AND ".join(clauses), *parameters)
