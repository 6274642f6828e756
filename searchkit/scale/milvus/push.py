"""An index, or shards, sent to a collection: it is made to mirror them, block by block in the order of the ids.

For each block the rows of the collection in the same range of ids are asked for their digests; what is missing or
another is upserted, what is no longer there is deleted. So a push that was interrupted goes on where it stopped, later
changes are found whatever they were, and doing it twice changes nothing. Nothing is remembered here: all that is known
of a push lies in the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from searchkit.errors import EncoderMismatchError, InputError, RemoteError
from searchkit.scale.milvus.facts import Facts
from searchkit.scale.milvus.layout import check_kind, indexes_of, schema_of
from searchkit.scale.milvus.note import Note, Stage, read_note
from searchkit.scale.milvus.rows import row_of
from searchkit.scale.milvus.server import MOST_ROWS, Collection
from searchkit.scale.milvus.waiting import await_loaded
from searchkit.scale.outgoing import ShardsOutgoing
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.reports import Progress
from searchkit.store.lexical.words import ANALYSIS_VERSION

if TYPE_CHECKING:
    from searchkit.scale.milvus.address import Address
    from searchkit.scale.shards import Shards
    from searchkit.search import SearchEngine
    from searchkit.search.reports import ProgressSink
    from searchkit.store import Counts, StoredSettings
    from searchkit.store.export import ExportedChunk
    from searchkit.store.lexical.bm25 import Size

BLOCK = 1000  # chunks a message, some megabytes
DEFAULT_KIND = "hnsw"


@dataclass(frozen=True, slots=True)
class PushOptions:
    """How a collection is made and changed.

    Attributes:
        kind: of its vector index, see `layout.KINDS`; None for ``hnsw``, or what it has.
        shards: that it is written to at once; None for 1, or what it has.
        replicas: that are loaded and searched.
        partition_key: a metadata field by whose value chunks are kept together, so that a filter on it looks at few.
        sync: whether a collection that is complete may be changed to mirror a later state.
    """

    kind: str | None = None
    shards: int | None = None
    replicas: int = 1
    partition_key: str | None = None
    sync: bool = False

    def __post_init__(self) -> None:
        if self.kind is not None:
            check_kind(self.kind)
        for name, value in (("shards", self.shards or 1), ("replicas", self.replicas)):
            if value < 1:
                raise InputError(f"{name} is {value}; expected at least 1")


@dataclass(frozen=True, slots=True)
class PushReport:
    """What became of it.

    Attributes:
        chunks: that the collection holds now, as the server counts them.
        sent, deleted: rows, by this run.
        server: its version.
        kind: of the vector index.
        has_words: whether words can be looked up.
    """

    chunks: int
    sent: int
    deleted: int
    server: str
    kind: str
    has_words: bool


def push(
    engine: SearchEngine, address: Address, options: PushOptions, progress: ProgressSink | None = None
) -> PushReport:
    """Make a collection mirror an index.

    Args:
        engine: of the index; it may be written to meanwhile, what is sent is one committed state.
        address: of the collection; it is made where there is none.
        options: see `PushOptions`.
        progress: called after each block, with stage ``push``; before the first with stage ``reach``.

    Raises:
        RemoteError: the server does not answer, or does not hold in the end what it was sent; run it again.
        EncoderMismatchError: the collection has vectors of another encoder.
        InputError: it is not one of ours, is of another index, or would be changed without ``sync``.
    """
    with engine.outgoing() as out:
        return _pushed(out, engine.folder.name, address, options, progress)


def push_shards(
    shards: Shards,
    address: Address,
    options: PushOptions,
    progress: ProgressSink | None = None,
    *,
    encoder: str | None = None,
    device: str = "auto",
) -> PushReport:
    """Make a collection hold what an index made from shards would hold, without making one.

    Args:
        shards: complete ones; they are read block by block.
        address, options, progress: as for `push`.
        encoder: the name or folder of the encoder of the shards, where it is another here; it measures what a cosine
            means among them.
        device: that it runs on.

    Raises:
        RemoteError, EncoderMismatchError, InputError: as for `push`; also for ``sync``: shards do not change.
        ShardsError: they are not as they were written.
    """
    if options.sync:
        raise InputError(
            f"{shards.place} holds shards, which do not change, so there is nothing to sync",
            hint="leave --sync out: the same push sends what is missing; what changes is an index: "
            f"searchkit index --from-shards {shards.place}",
        )
    out = ShardsOutgoing(shards, EncoderChoice(encoder, IndexSettings(), None, device))
    return _pushed(out, shards.place.where.rstrip("/").rpartition("/")[2], address, options, progress)


def _pushed(
    out: Contents, name: str, address: Address, options: PushOptions, progress: ProgressSink | None
) -> PushReport:
    tell = progress or (lambda _: None)
    tell(Progress("reach", 0))
    collection = Collection(address)
    try:
        return _Push(collection, out, name, options).run(tell)
    finally:
        collection.close()


class Contents(Protocol):
    """What a collection is made to mirror: one state of an index, or shards; see `search.outgoing.Outgoing`.

    `words`, `fields`, `calibration` and the documents of `counts` are asked for after all blocks.
    """

    settings: StoredSettings
    identity: str
    revision: int
    updated: str | None

    def counts(self) -> Counts: ...

    def words(self) -> Size: ...

    def fields(self) -> list[str]: ...

    def calibration(self) -> dict[str, Any] | None: ...

    def keeps_calibration(self) -> bool: ...

    def blocks(self, size: int) -> Iterator[list[ExportedChunk]]: ...


class _Push:
    def __init__(self, collection: Collection, out: Contents, name: str, options: PushOptions) -> None:
        self._collection, self._out, self._name, self._options = collection, out, name, options
        self._sent, self._deleted, self._last = 0, 0, 0
        self._shapes: dict[str, set[str]] = {}

    def run(self, tell: ProgressSink) -> PushReport:
        collection = self._collection
        note = self._begin()
        collection.load(self._options.replicas)
        await_loaded(collection)
        total, held = self._out.counts().chunks, collection.count(strong=True)
        if note.stage is Stage.COMPLETE and (note.revision, held) == (self._out.revision, total):
            return self._report(note, total)
        if note.stage is Stage.COMPLETE:
            note = replace(note, stage=Stage.SYNCING)
            note.keep(collection)
        done = 0
        for block in self._out.blocks(BLOCK):
            self._mirror(block, note, is_empty=held == 0)
            done += len(block)
            tell(Progress("push", done, total, done))
        self._drop(f"chunk_id > {self._last}", is_empty=held == 0)
        collection.flush()
        held = collection.count(strong=True)
        if held != total:
            raise RemoteError(
                f"the collection {collection.address} holds {held:,} chunks, {self._name!r} {total:,}",
                hint="run the same command again; if that does not help, push to another --collection",
            )
        note = self._finished(note)
        note.keep(collection)
        return self._report(note, total)

    def _begin(self) -> Note:
        """The record of the collection, which is made where there is none."""
        if not self._collection.exists():
            note = self._new_note()
            schema = schema_of(
                note.settings.dimension, self._collection.version, partitioned=note.partition_key is not None
            )
            indexes = indexes_of(note.kind, self._collection.version)
            self._collection.create(schema, indexes, shards=note.shards, note=note.values())
            return note
        note = read_note(self._collection)
        self._check_same(note)
        return note

    def _check_same(self, note: Note) -> None:
        """Raises where the collection is not one that this push may change."""
        where, ours = self._collection.address, self._out.settings
        if (note.settings.fingerprint, note.settings.dimension) != (ours.fingerprint, ours.dimension):
            raise EncoderMismatchError(
                f"the collection {where} has vectors of encoder {note.settings.encoder or 'default'} "
                f"({note.settings.fingerprint[:12]}, {note.settings.dimension} numbers), {self._name!r} of "
                f"{ours.encoder or 'default'} ({ours.fingerprint[:12]}, {ours.dimension} numbers)",
                hint="push to another --collection",
            )
        if note.identity != self._out.identity:
            raise InputError(
                f"the collection {where} was filled from another index or other shards, {note.index!r}",
                hint="push to another --collection",
            )
        asked = self._options
        given: Mapping[str, Any] = {"kind": asked.kind, "shards": asked.shards, "partition_key": asked.partition_key}
        for name, value in given.items():
            if value is not None and value != getattr(note, name):
                raise InputError(
                    f"the collection {where} was made with {name} {getattr(note, name)}, not {value}",
                    hint=f"leave --{name.replace('_', '-')} out, or push to another --collection",
                )
        if note.stage is Stage.COMPLETE and note.revision != self._out.revision and not asked.sync:
            raise InputError(
                f"the collection {where} holds an earlier state of the index", hint="--sync sends what changed since"
            )

    def _new_note(self) -> Note:
        options = self._options
        return Note(
            stage=Stage.PUSHING,
            index=self._name,
            identity=self._out.identity,
            revision=self._out.revision,
            updated=self._out.updated,
            settings=self._out.settings,
            chunks=0,
            documents=0,
            sources=0,
            last_id=0,
            mean_words=1.0,
            has_words=self._collection.version.has_words,
            analysis=ANALYSIS_VERSION,
            kind=options.kind or DEFAULT_KIND,
            shards=options.shards or 1,
            partition_key=options.partition_key,
        )

    def _finished(self, note: Note) -> Note:
        counts = self._out.counts()
        return replace(
            note,
            stage=Stage.COMPLETE,
            revision=self._out.revision,
            updated=self._out.updated,
            chunks=counts.chunks,
            documents=counts.documents,
            sources=counts.sources,
            last_id=self._last,
            mean_words=self._out.words().mean_length,
            analysis=ANALYSIS_VERSION,
            fields=tuple(self._out.fields()),
            shapes={key: "".join(sorted(shape)) for key, shape in sorted(self._shapes.items())},
            calibration=self._out.calibration(),
            calibration_is_kept=self._out.keeps_calibration(),
        )

    def _mirror(self, block: list[ExportedChunk], note: Note, *, is_empty: bool) -> None:
        """Make the collection hold this block and nothing else in its range of ids."""
        rows = [self._row(chunk, note) for chunk in block]
        low, self._last = self._last, block[-1].row.chunk_id
        held = {} if is_empty else self._held(low, self._last, [row["chunk_id"] for row in rows])
        wanted = [row for row in rows if held.get(row["chunk_id"]) != row["digest"]]
        if wanted:
            self._collection.upsert(wanted)
            self._sent += len(wanted)

    def _row(self, chunk: ExportedChunk, note: Note) -> dict[str, Any]:
        facts = Facts.of(chunk)
        for key, shape in facts.shapes.items():
            self._shapes.setdefault(key, set()).update(shape)
        return row_of(chunk, facts, words=note.has_words, partition_key=note.partition_key)

    def _held(self, low: int, high: int, ours: list[int]) -> dict[int, int]:
        """The digests of the rows in a range, after those that are not ours were deleted."""
        span = f"chunk_id > {low} and chunk_id <= {high}"
        found = self._collection.query(span, ["chunk_id", "digest"], strong=True)
        held = {int(row["chunk_id"]): int(row["digest"]) for row in found}
        if len(found) >= MOST_ROWS or not held.keys() <= set(ours):
            self._drop(f"{span} and chunk_id not in {ours}", is_empty=False)
            if len(found) >= MOST_ROWS:
                return self._held(low, high, ours)
        return held

    def _drop(self, expression: str, *, is_empty: bool) -> None:
        count = 0 if is_empty else self._collection.count(expression, strong=True)
        if count:
            self._collection.delete(expression)
            self._deleted += count

    def _report(self, note: Note, held: int) -> PushReport:
        return PushReport(held, self._sent, self._deleted, self._collection.version.text, note.kind, note.has_words)
