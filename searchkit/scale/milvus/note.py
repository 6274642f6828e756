"""What a collection says of itself: where it came from, how far it is, and what a search has to know of all chunks.

It is a property of the collection, so whoever opens the collection has it, on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from typing import Any

from searchkit.errors import IndexFormatError, IndexStateError, InputError
from searchkit.scale.milvus.layout import FORMAT
from searchkit.scale.milvus.server import Collection
from searchkit.store import StoredSettings


class Stage(Enum):
    """How far a collection is."""

    PUSHING = "pushing"  # never complete yet: not to be searched
    SYNCING = "syncing"  # was complete; later changes are on their way
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Note:
    """The record.

    Attributes:
        stage: how far it is.
        index, identity, revision, updated: which state of which index it holds.
        settings: of that index: its encoder above all.
        chunks, documents, sources: how many.
        last_id: the highest id of a chunk.
        mean_words: a chunk, for BM25.
        has_words: whether words can be looked up.
        analysis: the version of the analysis that made the words.
        kind, shards, partition_key: how it was made.
        fields: the names at the top level of any document's metadata.
        shapes: what each field holds, see `facts`.
        calibration: see `searchkit.search.asking.calibration`; measured for the push where the index keeps none.
    """

    stage: Stage
    index: str
    identity: str
    revision: int
    updated: str | None
    settings: StoredSettings
    chunks: int
    documents: int
    sources: int
    last_id: int
    mean_words: float
    has_words: bool
    analysis: int
    kind: str
    shards: int
    partition_key: str | None = None
    fields: tuple[str, ...] = ()
    shapes: Mapping[str, str] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None
    calibration_is_kept: bool = False

    def keep(self, collection: Collection) -> None:
        """Write it to the collection."""
        collection.keep_note(self.values())

    def values(self) -> dict[str, object]:
        """As JSON values by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        settings = asdict(replace(self.settings, canaries=""))  # of use to those who write vectors alone
        return values | {"format": FORMAT, "stage": self.stage.value, "settings": settings}


def read_note(collection: Collection) -> Note:
    """The record of a collection.

    Raises:
        IndexNotFoundError: there is no such collection.
        InputError: it is not one of ours.
        IndexFormatError: a newer searchkit made it.
        IndexDamagedError: its record was changed by another hand.
    """
    values = collection.note()
    if values is None or "format" not in values:
        raise InputError(
            f"the collection {collection.address} was not made by searchkit push; it is left as it is",
            hint="choose another --collection",
        )
    if not isinstance(values["format"], int):
        raise collection.unreadable_note()
    if values["format"] > FORMAT:
        raise IndexFormatError(
            f"the collection {collection.address} has format {values['format']}, this searchkit reads up to {FORMAT}",
            hint="install a newer searchkit",
        )
    try:
        known = {name: values[name] for name in Note.__slots__}
        known |= {
            "stage": Stage(values["stage"]),
            "settings": StoredSettings(**values["settings"]),
            "fields": tuple(values["fields"]),
        }
        return Note(**known)
    except (KeyError, TypeError, ValueError) as exc:
        raise collection.unreadable_note() from exc


def require_complete(note: Note, collection: Collection) -> None:
    """Raises IndexStateError for a collection that was never filled to the end."""
    if note.stage is Stage.PUSHING:
        raise IndexStateError(
            f"the collection {collection.address} is being filled, or a push to it was interrupted",
            hint=f"the same command goes on where it stopped: searchkit push {note.index} "
            f"--milvus {collection.address.uri} --collection {collection.address.collection}",
        )
