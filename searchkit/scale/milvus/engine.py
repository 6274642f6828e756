"""A collection of Milvus that is searched like an index here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from searchkit.directory import IndexFolder
from searchkit.errors import EncoderError, InputError
from searchkit.scale.milvus.note import Note, Stage, read_note, require_complete
from searchkit.scale.milvus.reader import MilvusReader
from searchkit.scale.milvus.server import Collection
from searchkit.search import SearchEngine
from searchkit.search.asking.pipeline import View, answer
from searchkit.search.asking.similar import (
    embedded_example,
    fresh_example,
    neighbours_of,
    similar_question,
    stored_example,
)
from searchkit.search.context import context_around
from searchkit.search.encoders import INSIDE, EncoderChoice, IndexSettings
from searchkit.search.question import Question, check_query
from searchkit.search.reports import IndexStatus
from searchkit.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from searchkit.encoder import Encoder
    from searchkit.scale.milvus.address import Address
    from searchkit.scale.milvus.words import Phrase
    from searchkit.search.asking.answers import Answer
    from searchkit.search.question import SearchOptions, SimilarOptions
    from searchkit.search.snapshot import Snapshot
    from searchkit.store import StoreReader, StoreWriter
    from searchkit.types import Context, Document, Hit, Rows

NOTE_S = 1.0  # how long what a collection says of itself is believed
CHANGING = (
    "later changes are on their way to the collection: what was answered may be of before or after; "
    "`searchkit push --sync` finishes them"
)


class MilvusEngine(SearchEngine):
    """A `SearchEngine` whose index lies on a server; what changes an index, or looks into its files, it refuses.

    Reads are Bounded: what was pushed within the last seconds may not be seen yet.
    """

    def __init__(self, address: Address, *, encoder: Encoder | str | Path | None = None, device: str = "auto") -> None:
        """Connect to the server when first needed."""
        choice = EncoderChoice(encoder, IndexSettings(), Path(), device)
        super().__init__(IndexFolder(Path(address.collection)), choice)
        self.address, self._has_encoder = address, encoder is not None
        self._connected: Collection | None = None
        self._noted: tuple[float, Note] | None = None
        self._holders: tuple[int, dict[Phrase, int]] = (0, {})
        self._connecting = threading.Lock()

    @property
    def folder(self) -> Path:
        self._refuse("a folder of its own")

    @property
    def encoder(self) -> Encoder:
        return self._encoder_of(self._note())

    def ask_many(self, queries: Sequence[str], k: int = 10, **options: Unpack[SearchOptions]) -> list[Answer]:
        question = Question.of(k, options)
        texts = [check_query(query) for query in queries]
        if not texts:
            return []
        note, reader = self._state()
        reranker = self._rerankers.get(question.rerank)
        answers = answer(View(reader, reader, self._encoder_of(note), self._calibrator, reranker), texts, question)
        return [self._noticed(note, one) for one in answers]

    def similar(
        self, target: int | str | Document | Sequence[Document], k: int = 10, **options: Unpack[SimilarOptions]
    ) -> list[Hit]:
        question = similar_question(k, options)
        note, reader = self._state()
        if isinstance(target, int | str):
            example = stored_example(reader, target)
        else:
            example = fresh_example(self._encoder_of(note), note.settings, target)
        return neighbours_of(reader, reader, example, question)

    def search_embedding(
        self, embedding: Sequence[float] | Rows, k: int = 10, **options: Unpack[SimilarOptions]
    ) -> list[Hit]:
        question = similar_question(k, options)
        note, reader = self._state()
        return neighbours_of(reader, reader, embedded_example(embedding, note.settings.dimension), question)

    def context(self, hit: Hit | int, count: int = 1) -> Context:
        return context_around(self._state()[1], hit, count)

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

    def _state(self) -> tuple[Note, MilvusReader]:
        note = self._note()
        if self._holders[0] != note.revision:
            self._holders = note.revision, {}
        return note, MilvusReader(self._collection(), note, self._holders[1])

    def _note(self) -> Note:
        self._readers.check_open()
        if self._noted is None or time.monotonic() - self._noted[0] > NOTE_S:
            collection = self._collection()
            note = read_note(collection)
            require_complete(note, collection)
            if self._noted is None:
                collection.await_loaded()
            self._noted = time.monotonic(), note
        return self._noted[1]

    def _collection(self) -> Collection:
        with self._connecting:
            if self._connected is None:
                self._connected = Collection(self.address)
            return self._connected

    def _encoder_of(self, note: Note) -> Encoder:
        if note.settings.encoder.startswith(INSIDE) and not self._has_encoder:
            raise EncoderError(
                f"the encoder of {self.address} lies in the folder of the index {note.index!r} that it was pushed from",
                hint="tell where: --model FOLDER",
            )
        return self._encoder.for_index(note.settings)

    def _noticed(self, note: Note, one: Answer) -> Answer:
        if note.stage is Stage.COMPLETE:
            return one
        from dataclasses import replace

        return replace(one, notices=(*one.notices, CHANGING))

    @contextmanager
    def _looking(self) -> Iterator[StoreReader]:
        self._refuse("this")
        yield  # type: ignore[unreachable]

    @contextmanager
    def _reading(self) -> Iterator[tuple[StoreReader, Snapshot]]:
        self._refuse("this")
        yield  # type: ignore[unreachable]

    @contextmanager
    def _writing(self) -> Iterator[StoreWriter]:
        raise InputError(
            f"{self.address} is not changed from here", hint="change the index and send it: searchkit push --sync"
        )
        yield  # type: ignore[unreachable]

    def _refuse(self, what: str) -> NoReturn:
        raise InputError(f"{self.address} does not have {what}", hint="ask the index that it was pushed from")
