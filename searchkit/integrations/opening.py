"""What every store here does alike: open an index, look where there may be none yet, give names."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from searchkit.errors import FilterError, IndexNotFoundError
from searchkit.search import SearchEngine

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.question import Where
    from searchkit.search.reports import StoredDocument

T = TypeVar("T")
WAIT_S = 60.0  # for another writer: frameworks add from many threads at once


def opened(index: SearchEngine | str | Path | None, encoder: Encoder | str | Path | None = None) -> SearchEngine:
    """The engine that was given, or one over an index that comes into being when something is added."""
    if isinstance(index, SearchEngine):
        return index
    return SearchEngine.open_or_create(index, encoder=encoder, wait_s=WAIT_S)


def unless_empty(engine: SearchEngine, look: Callable[[], list[T]]) -> list[T]:
    """What a look at the index gives; nothing while there is nothing in it, and so no field to filter by."""
    try:
        return look()
    except IndexNotFoundError:
        return []
    except FilterError:
        if engine.status().documents:
            raise
        return []


def stored(engine: SearchEngine, names: Sequence[str] | None = None, where: Where = None) -> list[StoredDocument]:
    """The documents of these names that pass the filter."""
    return unless_empty(engine, lambda: list(engine.iter_documents(names, where=where)))


def texts_of(engine: SearchEngine, names: Iterable[str]) -> dict[str, str]:
    """The whole text of documents by their name."""
    return {document.doc_id: document.text for document in stored(engine, list(dict.fromkeys(names)))}


def deleted(engine: SearchEngine, names: Sequence[str] | None = None, where: Where = None) -> int:
    """Remove documents by name, where a name that only a folder has is passed over, or by filter; how many went."""
    found = [document.doc_id for document in stored(engine, names, where)]
    return engine.delete(found) if found else 0


def new_name() -> str:
    """A name for a document that was given none."""
    return str(uuid.uuid4())
