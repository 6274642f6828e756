"""What a search asks of whatever holds the chunks, so that one pipeline serves an index here and one on a server.

An index here is a `StoreReader` and a `Snapshot`. Another engine, such as a database of vectors on other machines, is a
`RemoteReader` and a `Vectors`: it may find candidates as it likes, but their rows are those of the index it was filled
from, so that scores and hits are the same. Filters are its own to read: ids of millions of chunks do not travel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from searchkit.errors import InputError

if TYPE_CHECKING:
    from searchkit.encoder import Encoder
    from searchkit.index import IdFilter, Neighbours
    from searchkit.search.engine import SearchEngine
    from searchkit.search.question import Question
    from searchkit.store import ChunkRow, Counts, LexicalQuery, StoredSettings, StoreReader
    from searchkit.types import HalfRows, Ids, Rows, Scores

Reader: TypeAlias = "StoreReader | RemoteReader"
Opener: TypeAlias = "Callable[..., SearchEngine]"

ENTRY_POINTS = "searchkit.engines"  # a scheme such as milvus -> what opens an address with it, see `engine_for`


class Vectors(Protocol):
    """Where the nearest chunks are looked up."""

    @property
    def kind(self) -> str:
        """Of the vector index; ``none`` where there is none."""
        ...

    def nearest(self, queries: Rows, k: int, allowed: IdFilter | None) -> Neighbours:
        """The ``k`` nearest chunks of each query (Q, D) among those allowed; scores as `rescore` makes them."""
        ...


class RemoteReader(Protocol):
    """One state of an index on a server; each method is that of `StoreReader` unless it says otherwise."""

    def revision(self) -> int: ...

    def settings(self) -> StoredSettings: ...

    def notices(self) -> tuple[str, ...]:
        """What a person ought to know of every answer from this state, one sentence each."""
        ...

    def counts(self) -> Counts: ...

    def calibration(self) -> dict[str, Any] | None: ...

    def measured(self) -> dict[str, Any] | None:
        """The calibration that was measured when the index was sent; as `calibration`, also where that is None."""
        ...

    def allowed(self, question: Question) -> IdFilter | None:
        """What all filters of the question let through; None where nothing is filtered.

        Its ids are fetched when they are asked for, its length is known before.

        Raises:
            FilterError: a filter does not parse, names an unknown field, or cannot be said to the server.
        """
        ...

    def allowed_by_each(self, question: Question) -> Mapping[str, IdFilter]:
        """What each filter lets through on its own, by the text of the filter."""
        ...

    def has_lexical(self) -> bool: ...

    def lexical_among(self, query: LexicalQuery, k: int, allowed: IdFilter | None) -> tuple[Scores, Ids]:
        """The ``k`` chunks that answer the words of a query best, among those allowed: BM25 (n,), ids (n,)."""
        ...

    def lexical_scores(self, query: LexicalQuery, ids: Ids) -> Scores: ...

    def lexical_most(self, query: LexicalQuery) -> float: ...

    def matched_terms(self, query: LexicalQuery, ids: Ids) -> dict[int, tuple[str, ...]]: ...

    def no_words(self) -> str:
        """Why words cannot be looked up, where they cannot."""
        ...

    def vectors(self, ids: Ids) -> HalfRows: ...

    def chunk_rows(self, ids: Ids) -> dict[int, ChunkRow]: ...

    def document_numbers(self, ids: Ids) -> Ids: ...

    def chunks_around(self, chunk_id: int, count: int) -> list[ChunkRow]: ...

    def has_chunk(self, chunk_id: int) -> bool: ...

    def chunk_ids_of(self, name: str) -> Ids: ...


def engine_for(index: str | Path | None, *, encoder: Encoder | str | Path | None, device: str) -> SearchEngine | None:
    """The engine of an address such as ``milvus://host:19530/collection``; None for a name or a folder.

    Packages add schemes by an entry point of the group ``searchkit.engines``: its name is the scheme, and what it
    names is called with the address, ``encoder=`` and ``device=``.

    Raises:
        InputError: nothing here knows the scheme.
    """
    if not isinstance(index, str) or "://" not in index:
        return None
    from importlib.metadata import entry_points  # slow, and only needed for an address

    scheme = index.partition("://")[0]
    known = entry_points(group=ENTRY_POINTS)
    for entry in known.select(name=scheme):
        opener: Opener = entry.load()
        return opener(index, encoder=encoder, device=device)
    raise InputError(
        f"nothing here opens {scheme}:// addresses; known: {', '.join(sorted({one.name for one in known})) or 'none'}",
        hint="a local index is named by its name or its folder",
    )
