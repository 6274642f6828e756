"""An index as it leaves for another engine: what holds for all of it, and its chunks block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from searchkit.search.asking.calibration import Calibrator, stored_calibration
from searchkit.store.export import Exporter

if TYPE_CHECKING:
    from searchkit.search.encoders import EncoderChoice
    from searchkit.store import Counts, StoredSettings, StoreReader
    from searchkit.store.export import ExportedChunk
    from searchkit.store.lexical.bm25 import Size


class Outgoing:
    """Valid within `SearchEngine.outgoing`; one committed state of the index."""

    def __init__(self, reader: StoreReader, encoder: EncoderChoice) -> None:
        self._reader, self._encoder = reader, encoder
        self.settings: StoredSettings = reader.settings()  # read now: SQLite's snapshot is taken by the first look
        self.identity, self.revision = reader.identity() or "", reader.revision()
        self.updated = reader.updated()

    def counts(self) -> Counts:
        """How many files, documents and chunks there are."""
        return self._reader.counts()

    def words(self) -> Size:
        """What BM25 has to know of all chunks."""
        return Exporter(self._reader).size()

    def fields(self) -> list[str]:
        """The names that occur in any document's metadata."""
        return self._reader.metadata_fields()

    def calibration(self) -> dict[str, Any] | None:
        """What a cosine means in the index, measured now where that was not done before; None for an empty one."""
        found = Calibrator().get(self._reader, self._encoder.for_index(self.settings), measure=True)
        return None if found is None else asdict(found)

    def keeps_calibration(self) -> bool:
        """Whether the index has it; one of few chunks is measured when it is asked."""
        return stored_calibration(self._reader, self.settings.fingerprint) is not None

    def blocks(self, size: int) -> Iterator[list[ExportedChunk]]:
        """All chunks by ascending id, ``size`` at a time."""
        return Exporter(self._reader).blocks(size)
