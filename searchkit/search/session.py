"""An index while it is open: its connections, its newest snapshot, its encoder, its one writer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from searchkit.directory import IndexFolder
from searchkit.search.acknowledged import writing
from searchkit.search.asking.calibration import Calibrator
from searchkit.search.asking.rerank import Rerankers
from searchkit.search.encoders import EncoderChoice
from searchkit.search.readers import ReaderPool
from searchkit.search.snapshot import Snapshot, take_snapshot
from searchkit.store import StoreReader, StoreWriter

if TYPE_CHECKING:
    from typing_extensions import Self

    from searchkit.encoder import Encoder


class IndexSession:
    """What looking, changing and searching stand on."""

    def __init__(self, folder: IndexFolder, encoder: EncoderChoice, wait_s: float = 0) -> None:
        """Use `SearchEngine.open` or `SearchEngine.open_or_create`."""
        self._folder = folder
        self._encoder = encoder
        self._wait_s = wait_s
        self._readers = ReaderPool(folder)
        self._guard = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._calibrator = Calibrator()
        self._rerankers = Rerankers(encoder.device)

    @property
    def folder(self) -> Path:
        """The folder that holds the index."""
        return self._folder.path

    @property
    def encoder(self) -> Encoder:
        """The encoder that the index is searched with, loaded now if it was not.

        Raises:
            EncoderMismatchError: the index was built with another one.
        """
        with self._looking() as reader:
            return self._encoder.for_index(reader.settings())

    def close(self) -> None:
        """Close the database. The engine cannot be used afterwards; searches that are under way end well."""
        self._readers.close()
        self._snapshot = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _looking(self) -> Iterator[StoreReader]:
        """One committed state of the database."""
        with self._readers.snapshot() as reader:
            yield reader

    @contextmanager
    def _reading(self) -> Iterator[tuple[StoreReader, Snapshot]]:
        """One committed state, with the vectors that belong to it."""
        with self._looking() as reader:
            with self._guard:
                snapshot = self._snapshot
                if snapshot is None or snapshot.revision != reader.revision():
                    snapshot = self._snapshot = take_snapshot(self._folder, reader, snapshot, self._encoder.device)
            yield reader, snapshot

    @contextmanager
    def _writing(self) -> Iterator[StoreWriter]:
        """The one writer, with the index made and its encoder settled."""
        self._readers.check_open()
        # first, so that without an encoder, or with wrong settings, nothing is left behind
        settings = None if self._folder.holds_index() else self._encoder.new_settings()
        self._folder.create()
        with writing(self._folder, wait_s=self._wait_s) as store:
            if store.is_new():
                settings = settings or self._encoder.new_settings()
                with store.change():
                    store.save_settings(settings)
            yield store
