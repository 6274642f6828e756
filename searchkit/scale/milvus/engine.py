"""A collection of Milvus that is searched like an index here."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from searchkit.directory import IndexFolder
from searchkit.errors import InputError, SearchkitWarning
from searchkit.scale.milvus.note import Note, Stage, read_note, require_complete
from searchkit.scale.milvus.reader import MilvusReader
from searchkit.scale.milvus.server import Collection
from searchkit.scale.milvus.waiting import await_loaded
from searchkit.search import SearchEngine
from searchkit.search.context import context_around
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.reports import IndexStatus
from searchkit.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.scale.milvus.address import Address
    from searchkit.scale.milvus.words import Phrase
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import StoreReader, StoreWriter
    from searchkit.types import Context, Hit

NOTE_S = 1.0  # how long what a collection says of itself is believed


class MilvusEngine(SearchEngine):
    """A `SearchEngine` whose index lies on a server; what changes an index, or looks into its files, it refuses.

    Reads are Bounded: what was pushed within the last seconds may not be seen yet.
    """

    def __init__(self, address: Address, *, encoder: Encoder | str | Path | None = None, device: str = "auto") -> None:
        """Connect to the server when first needed."""
        choice = EncoderChoice(encoder, IndexSettings(), None, device)
        super().__init__(IndexFolder(Path(address.collection)), choice)
        self.address = address
        self._connected: Collection | None = None
        self._noted: tuple[float, Note] | None = None
        self._holders: tuple[int, dict[Phrase, int]] = (0, {})
        self._warned_of: int | None = None
        self._connecting = threading.Lock()

    @property
    def folder(self) -> Path:
        self._refuse("a folder of its own")

    @property
    def encoder(self) -> Encoder:
        return self._encoder.for_index(self._note().settings)

    def context(self, hit: Hit | int, count: int = 1) -> Context:
        with self._answering() as (reader, _):
            return context_around(reader, hit, count)

    def status(self) -> IndexStatus:
        note = self._note()
        return IndexStatus(
            name=str(self.address),
            folder=Path(self.address.collection),
            sources=note.sources,
            refused=0,
            documents=note.documents,
            chunks=note.chunks,
            encoder=note.settings.encoder or "default",
            encoder_fingerprint=note.settings.fingerprint,
            dimension=note.settings.dimension,
            max_tokens=note.settings.max_tokens,
            index_kind=note.kind,
            generation=0,
            tail=0,
            deleted=0,
            schema_version=SCHEMA_VERSION,
            size_bytes=0,
            updated_at=note.updated,
            roots=(),
            index_plan=note.kind,
            target_recall=1.0,
            ann_recall_at_10=None,
        )

    def locate(self, path: str) -> Path | None:  # noqa: ARG002 - the files are not here
        return None

    def known_as(self, place: str | Path) -> str | None:  # noqa: ARG002 - as above
        return None

    def close(self) -> None:
        super().close()
        with self._connecting:
            if self._connected is not None:
                self._connected.close()
                self._connected = None

    @contextmanager
    def _answering(self) -> Iterator[tuple[MilvusReader, MilvusReader]]:
        note = self._note()
        holders = self._holders  # another thread may put those of another state in their place
        if holders[0] != note.revision:
            holders = self._holders = note.revision, {}
        reader = MilvusReader(self._collection(), note, holders[1])
        yield reader, reader

    def _note(self) -> Note:
        self._readers.check_open()
        if self._noted is None or time.monotonic() - self._noted[0] > NOTE_S:
            collection = self._collection()
            note = read_note(collection)
            require_complete(note, collection)
            if self._noted is None:
                await_loaded(collection)
            self._warn_of_loss(note, collection)
            self._noted = time.monotonic(), note
        return self._noted[1]

    def _warn_of_loss(self, note: Note, collection: Collection) -> None:
        """Once a state of the collection, where the server holds fewer rows than were pushed."""
        if note.stage is not Stage.COMPLETE or self._warned_of == note.revision:
            return
        if collection.count() >= note.chunks:
            return
        held = collection.count(strong=True)  # the last seconds may not have been seen
        if held < note.chunks:
            self._warned_of = note.revision
            what = (
                f"{self.address} holds {held:,} of the {note.chunks:,} chunks that were pushed, and answers lack the "
                "others: wait if the server was just started, else run the same `searchkit push` again"
            )
            warnings.warn(what, SearchkitWarning, stacklevel=2)

    def _collection(self) -> Collection:
        with self._connecting:
            if self._connected is None:
                self._connected = Collection(self.address)
            return self._connected

    @contextmanager
    def _looking(self) -> Iterator[StoreReader]:
        self._refuse("what this looks at")
        yield  # type: ignore[unreachable]

    @contextmanager
    def _reading(self) -> Iterator[tuple[StoreReader, Snapshot]]:
        self._refuse("what this looks at")
        yield  # type: ignore[unreachable]

    @contextmanager
    def _writing(self) -> Iterator[StoreWriter]:
        raise InputError(
            f"{self.address} is not changed from here", hint="change the index and send it: searchkit push --sync"
        )
        yield  # type: ignore[unreachable]

    def _refuse(self, what: str) -> NoReturn:
        raise InputError(f"{self.address} does not have {what}", hint="ask the index that it was pushed from")
