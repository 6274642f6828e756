"""What every store here does alike: open an index, look where there may be none yet, show what was found."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from searchkit.encoder import load_encoder
from searchkit.errors import FilterError, IndexNotFoundError, InputError
from searchkit.search import SearchEngine

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.search.question import Where
    from searchkit.search.reports import StoredDocument
    from searchkit.types import Hit, Rows

T = TypeVar("T")
_OF_WORDS = ("mode", "dense_weight")
WAIT_S = 60.0  # for another writer: frameworks add from many threads at once


def opened(index: SearchEngine | str | Path | None, encoder: Encoder | str | Path | None = None) -> SearchEngine:
    """The engine that was given, or one over an index that comes into being when something is added."""
    if isinstance(index, SearchEngine):
        return index
    return SearchEngine.open_or_create(index, encoder=encoder, wait_s=WAIT_S)


def loaded(encoder: Encoder | str | Path | None) -> Encoder:
    """The encoder that was given, or the one of that name or folder; the bundled one for None."""
    return load_encoder(encoder) if encoder is None or isinstance(encoder, str | Path) else encoder


def unless_empty(engine: SearchEngine, look: Callable[[], list[T]]) -> list[T]:
    """What a look at the index gives; nothing while there is nothing in it, and so no field to filter by."""
    try:
        return look()
    except IndexNotFoundError:
        return []
    except FilterError:
        if _has_documents(engine):
            raise
        return []


def _has_documents(engine: SearchEngine) -> bool:
    try:
        return engine.status().documents > 0
    except IndexNotFoundError:
        return False


def stored(engine: SearchEngine, names: Sequence[str] | None = None, where: Where = None) -> list[StoredDocument]:
    """The documents of these names that pass the filter."""
    return unless_empty(engine, lambda: list(engine.iter_documents(names, where=where)))


def around(engine: SearchEngine, vector: Rows | Sequence[float], k: int, options: Mapping[str, Any]) -> list[Hit]:
    """The hits around a vector; of the options of a search, those that are about its words are passed over."""
    fitting = {name: value for name, value in options.items() if name not in _OF_WORDS}
    return unless_empty(engine, lambda: engine.search_embedding(vector, k, **fitting))


def with_whole_texts(engine: SearchEngine, hits: Sequence[Hit]) -> list[tuple[Hit, str]]:
    """Each hit with the whole text of its document."""
    names = dict.fromkeys(hit.doc_id for hit in hits)
    texts = {document.doc_id: document.text for document in stored(engine, list(names))}
    return [(hit, texts.get(hit.doc_id, hit.text)) for hit in hits]


def deleted(engine: SearchEngine, names: Sequence[str] | None = None, where: Where = None) -> int:
    """Remove documents by name, where a name that only a folder has is passed over, or by filter; how many went.

    Raises:
        InputError: a document has the name of an indexed folder too, whose files would go with it.
    """
    found = [document.doc_id for document in stored(engine, names, where)]
    if found and not (names is None and where is None):
        _check_no_folder(engine, found)
    return engine.delete(found) if found else 0


def _check_no_folder(engine: SearchEngine, names: Iterable[str]) -> None:
    folders = {str(folder) for source in engine.sources() for folder in PurePosixPath(source.path).parents}
    clash = next((name for name in names if name.rstrip("/") in folders), None)
    if clash is not None:
        raise InputError(
            f"document {clash!r} has the name of a folder of the index, whose files would be removed with it",
            hint="remove the folder first, by the engine, or give the document another id",
        )


def new_name() -> str:
    """A name for a document that was given none."""
    return str(uuid.uuid4())


def passage_name(hit: Hit) -> str:
    """A name for a passage, from its document and its place there."""
    return f"{hit.doc_id}[{hit.start}:{hit.end}]"


def known(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
