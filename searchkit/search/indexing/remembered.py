"""How each root was indexed last: which files were taken and how they were read, kept so that it can be done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from searchkit.documents import ReadOptions, WalkOptions

if TYPE_CHECKING:
    from searchkit.store import StoreReader, StoreWriter

T = TypeVar("T", WalkOptions, ReadOptions)


@dataclass(frozen=True, slots=True)
class Manner:
    """The options of a run over a root."""

    walk: WalkOptions
    read: ReadOptions


def manner_of(reader: StoreReader, root_id: int) -> Manner | None:
    """How the root was indexed last; None where that was not kept, as by an older searchkit."""
    kept = reader.manners().get(str(root_id))
    if not isinstance(kept, Mapping):
        return None
    return Manner(_made(WalkOptions, kept.get("walk")), _made(ReadOptions, kept.get("read")))


def keep_manner(store: StoreWriter, root_id: int, manner: Manner) -> None:
    """Keep how the root is indexed, within a change."""
    there = {str(root.root_id) for root in store.read.roots()}
    others = {number: kept for number, kept in store.read.manners().items() if number in there}
    store.save_manners({**others, str(root_id): asdict(manner)})


def _made(kind: type[T], values: object) -> T:
    """The options as they were kept; those that this version does not know are passed over."""
    given = values if isinstance(values, Mapping) else {}
    known = {field.name: given[field.name] for field in fields(kind) if field.name in given}
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return kind(**options)
