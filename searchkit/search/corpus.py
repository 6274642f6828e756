"""All chunks of an index with their vectors, from one committed state: for work on the whole instead of a query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from searchkit.search.asking.topics import kept_topics, topics_of_chunks
from searchkit.store.corpus import CorpusReader, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store import ChunkRow, StoredSettings, StoreReader
    from searchkit.store.topics import KeptTopics
    from searchkit.types import HalfRows, Ids, MetadataValue


class Corpus:
    """Valid within `SearchEngine.corpus`. Row i of everything here belongs to ``layout.ids[i]``."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader, self._whole = reader, CorpusReader(reader)
        self._settings = reader.settings()  # read now: SQLite's snapshot is taken by the first look

    @property
    def settings(self) -> StoredSettings:
        """The encoder of the index, and how its documents were cut."""
        return self._settings

    @cached_property
    def layout(self) -> Layout:
        """Every chunk, in an order that depends on the texts alone, not on when they were added."""
        return self._whole.layout()

    def vectors(self) -> HalfRows:
        """The stored unit vectors, float16 (N, D)."""
        ids = self.layout.ids
        rows = np.empty((len(ids), self.settings.dimension), dtype=np.float16)
        place_of = np.argsort(ids)  # ids come ascending
        done = 0
        for _, batch in self._reader.iter_vectors():
            rows[place_of[done : done + len(batch)]] = batch
            done += len(batch)
        return rows

    def chunks(self, ids: Ids) -> list[ChunkRow]:
        """The chunks with these ids, in the order of the ids."""
        found = self._reader.chunk_rows(np.unique(ids))
        return [found[chunk_id] for chunk_id in ids.tolist()]

    def field_values(self, field: str) -> Sequence[MetadataValue]:
        """The value of a field for each chunk; None where its document has none.

        Raises:
            FilterError: no document has such a field; the hint lists those that there are.
        """
        values = dict(self._whole.field_values(field, self._reader.metadata_fields()))
        return [values[chunk_id] for chunk_id in self.layout.ids.tolist()]

    def topics(self) -> KeptTopics | None:
        """The topics that were kept; None where there are none of the encoder that the index has now."""
        return kept_topics(self._reader)

    def topic_numbers(self, topics: KeptTopics) -> NDArray[np.int64]:
        """(N,) the topic of each chunk, newer ones by their vectors; 0 for none."""
        ids, numbers = topics_of_chunks(self._reader, topics)
        return numbers[np.searchsorted(ids, self.layout.ids)]

    def metadata_fields(self) -> list[str]:
        """The names that occur in any document's metadata."""
        return self._reader.metadata_fields()
