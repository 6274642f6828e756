"""What is handed out of an index: only what lies below the allowed folders, and never more than was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.errors import FilterError, InputError
from searchkit.mcp import schemas
from searchkit.mcp.portions import Portion, chunk_record, clipped, hit_record, small_metadata
from searchkit.types import Document

if TYPE_CHECKING:
    from searchkit.search import DocumentInfo, SearchEngine
    from searchkit.types import Hit

Answer = dict[str, Any]
_ONE_OF = "give exactly one of"
_FIND = "search finds what there is"


class Desk:
    """The tools over one index. Every method gives JSON values; errors are searchkit's own.

    Args:
        engine: stays the caller's.
        roots: folders and files; only documents at or below them are served. None for the whole index.

    Raises:
        InputError: a root does not exist.
    """

    def __init__(self, engine: SearchEngine, roots: Sequence[Path] | None = None) -> None:
        missing = [root for root in roots or () if not os.path.exists(root)]  # noqa: PTH110 - a Path's own raises
        if missing:
            raise InputError(f"{missing[0]} does not exist", hint="--root names a folder or file that was indexed")
        self._engine = engine
        self._roots = None if roots is None else tuple(root.resolve() for root in roots)

    # --- finding

    def search(self, query: str, *, limit: int = schemas.LIMIT, offset: int = 0, **options: Any) -> Answer:
        """The hits of a query, as many as fit."""
        most = options.pop("max_chars", schemas.CHARACTERS)
        with self._guarded():
            found = self._engine.ask(query, offset + limit + 1, **self._allowed(options))
        return _page(found.hits, offset, limit, most, notes=list(found.notices))

    def similar(
        self,
        *,
        id: int | None = None,
        document: str | None = None,
        text: str | None = None,
        limit: int = schemas.LIMIT,
        offset: int = 0,
        **options: Any,
    ) -> Answer:
        """The chunks most like a chunk, a document or a text, as many as fit."""
        if sum(given is not None for given in (id, document, text)) != 1:
            raise InputError(f"{_ONE_OF} id, document and text")
        most = options.pop("max_chars", schemas.CHARACTERS)
        target: int | str | Document
        if text is not None:
            target = Document("-", text)
        elif id is not None:
            self._document_of(id)
            target = id
        else:
            target = document or ""
            self._documents(target)
        with self._guarded():
            hits = self._engine.similar(target, offset + limit + 1, **self._allowed(options))
        return _page(hits, offset, limit, most, notes=[])

    # --- reading

    def get(
        self,
        *,
        document: str | None = None,
        id: int | None = None,
        offset: int | None = None,
        before: int = 0,
        max_chars: int = schemas.CHARACTERS,
    ) -> Answer:
        """The chunks of a document from one on, as many as fit; of a file with several documents their names."""
        if (document is None) == (id is None):
            raise InputError(f"{_ONE_OF} document and id")
        if id is not None and offset is not None:
            raise InputError("offset goes with document; with id, reading begins at the chunk", hint="use before")
        found = self._documents(document) if document is not None else [self._document_of(id or 0)]
        if len(found) > 1:
            return _names(found, offset or 0, max_chars)
        (info,) = found
        chunks = self._engine.chunks(info.doc_id)
        places = {chunk.chunk_id: place for place, chunk in enumerate(chunks)}
        first = offset or 0 if id is None else max(0, places.get(id, 0) - before)
        portion = Portion(max_chars)
        shown = []
        for place, chunk in enumerate(chunks[first:], start=first):
            record = portion.take({"position": place, **chunk_record(chunk)})
            if record is None:
                break
            shown.append(record)
        after = first + len(shown)
        return {
            "doc_id": info.doc_id,
            "path": info.path,
            "title": clipped(info.title),
            "metadata": small_metadata(info.metadata),
            "chunk_count": len(chunks),
            "chunks": shown,
            "documents": [],
            "next_offset": after if after < len(chunks) else None,
        }

    # --- looking around

    def list_topics(self, *, limit: int = 50, offset: int = 0) -> Answer:
        """The kept topics, the largest first."""
        known = self._topics()
        rows = [
            {"number": number, "label": clipped(label), "phrases": [clipped(word) for word in phrases], "chunks": size}
            for number, label, phrases, size in known[offset : offset + limit]
        ]
        return {"topics": rows, "next_offset": offset + limit if offset + limit < len(known) else None}

    def status(self) -> Answer:
        """What the index holds, as far as it is served."""
        state = self._engine.status()
        whole = self._roots is None
        served = [root for root in state.roots if self._is_served(Path(root.location))]
        return {
            "name": state.name,
            "files": state.sources if whole else None,
            "documents": state.documents if whole else None,
            "chunks": state.chunks if self._roots is None else len(self._engine.chunk_ids(self._roots)),
            "folders": [root.prefix for root in served][:100],
            "encoder": state.public_encoder,
            "updated_at": state.updated_at,
            "restricted_to": [root.name for root in self._roots or ()],
        }

    # --- what may be seen

    def _allowed(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a search, held within the roots."""
        if self._roots is None:
            return options
        if options.get("topic"):
            options["topic"] = [self._topic_number(name) for name in options["topic"]]
        return {**options, "within": self._roots}

    def _documents(self, name: str) -> list[DocumentInfo]:
        """The documents of that id or file that may be seen; one that may not is as if it were not there."""
        if self._roots is None:
            return self._engine.documents(name)
        try:
            found = self._engine.documents(name)
        except InputError:  # its hint may name others
            found = []
        if not found or not all(self._engine.is_within(info.path, self._roots) for info in found):
            raise InputError(f"there is no document or file {name[:200]!r} in the index", hint=_FIND)
        return found

    def _document_of(self, chunk_id: int) -> DocumentInfo:
        try:
            chunk = self._engine.chunk(chunk_id)
            infos = self._engine.documents(chunk.doc_id)
            (info,) = [info for info in infos if info.doc_id == chunk.doc_id]
        except (InputError, ValueError):
            info = None
        if info is None or not (self._roots is None or self._engine.is_within(info.path, self._roots)):
            raise InputError(f"there is no chunk {chunk_id} in the index", hint="search again: it may have changed")
        return info

    def _topics(self) -> list[tuple[int, str, tuple[str, ...], int]]:
        """Number, label, phrases and size of the topics; words of a topic that is not wholly served are not shown."""
        counted = self._engine.topics(within=self._roots)
        return [
            (topic.number, topic.label, topic.phrases, topic.allowed)
            if topic.allowed == topic.chunks
            else (topic.number, f"topic {topic.number}", (), topic.allowed)
            for topic in counted
            if topic.allowed
        ]

    def _topic_number(self, name: int | str) -> int:
        wanted = str(name).strip().casefold()
        if wanted in ("0", "none"):
            return 0
        known = self._topics()
        for number, label, *_ in known:
            if wanted in (str(number), label.casefold()):
                return number
        names = "; ".join(f"{number} {label}" for number, label, *_ in known[:8]) or "none"
        raise InputError(f"no topic is called {str(name)[:200]!r}; there are {names}", hint="list_topics lists them")

    def _is_served(self, location: Path) -> bool:
        return self._roots is None or any(
            location.is_relative_to(root) or root.is_relative_to(location) for root in self._roots
        )

    def _guarded(self) -> _Guarded:
        return _Guarded(is_restricted=self._roots is not None)


class _Guarded:
    """Errors from within lose a hint that would name what may not be seen."""

    def __init__(self, *, is_restricted: bool) -> None:
        self._is_restricted = is_restricted

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._is_restricted and isinstance(error, FilterError):
            raise InputError(error.message) from None


def _page(hits: Sequence[Hit], offset: int, limit: int, most: int, *, notes: list[str]) -> Answer:
    portion = Portion(most)
    shown: list[Answer] = []
    for hit in hits[offset : offset + limit]:
        record = portion.take(hit_record(hit))
        if record is None:
            break
        shown.append(record)
    after = offset + len(shown)
    is_more = bool(shown) and after < len(hits)  # one more was asked for than may be shown
    return {"hits": shown, "next_offset": after if is_more and after <= schemas.MOST_OFFSET else None, "notes": notes}


def _names(found: Sequence[DocumentInfo], offset: int, most: int) -> Answer:
    """Of a file with several documents: their names, as many as fit."""
    names: list[str] = []
    for info in found[offset:]:
        if names and sum(map(len, names)) + len(info.doc_id) > most:
            break
        names.append(clipped(info.doc_id, most))
    after = offset + len(names)
    return {
        "doc_id": None,
        "path": found[0].path,
        "title": "",
        "metadata": {},
        "chunk_count": 0,
        "chunks": [],
        "documents": names,
        "next_offset": after if after < len(found) else None,
    }


Tool = Callable[..., Answer]
