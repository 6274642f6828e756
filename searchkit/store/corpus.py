"""All chunks at once, in an order that the way they were added cannot change."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.store.filters.where import field_expression
from searchkit.store.reader import StoreReader
from searchkit.store.reading.chunks import CHUNKS_JOINED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, MetadataValue


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """Where every chunk stands; each array (N,) int64, ordered by content.

    Attributes:
        ids: the chunk ids.
        passages: equal for chunks whose embedded text is equal, counted from 0.
        documents: equal for chunks of one document.
        positions: 0 for the first chunk of its document.
        characters: length of the chunk's text.
    """

    ids: Ids
    passages: NDArray[np.int64]
    documents: NDArray[np.int64]
    positions: NDArray[np.int64]
    characters: NDArray[np.int64]


class CorpusReader:
    """Reads all chunks in the snapshot that another reader has."""

    def __init__(self, reader: StoreReader) -> None:
        self._connection = reader._connection

    def layout(self) -> Layout:
        """Every chunk, ordered by the hash of its passage, then by document name and position.

        So the same texts come in the same order whenever they were added, and any first part is a fair sample.
        """
        rows = self._connection.execute(
            "SELECT c.chunk_id, c.passage_hash, c.document_id, c.position, length(c.text) FROM chunks c "
            "JOIN documents d USING (document_id) ORDER BY c.passage_hash, d.doc_id, c.position"
        )
        numbers: dict[bytes, int] = {}
        table = np.array([(row[0], numbers.setdefault(row[1], len(numbers)), *row[2:]) for row in rows], dtype=np.int64)
        return Layout(*np.ascontiguousarray(table.reshape(-1, 5).T))

    def field_values(self, field: str, known_fields: Collection[str]) -> Iterator[tuple[int, MetadataValue]]:
        """The value that a field has for the document of each chunk; None where it has none.

        Raises:
            FilterError: no document has such a field; the hint lists those that there are.
        """
        expression = field_expression(field, known_fields)
        rows = self._connection.execute(
            f"SELECT c.chunk_id, {expression.value}, {expression.type} FROM {CHUNKS_JOINED}",
            expression.parameters,
        )
        return ((chunk_id, _value(value, kind)) for chunk_id, value, kind in rows)


def _value(value: Any, kind: str | None) -> MetadataValue:
    if kind in ("array", "object"):
        return json.loads(value)  # type: ignore[no-any-return]
    if kind in ("true", "false"):
        return kind == "true"
    return value  # type: ignore[no-any-return]
