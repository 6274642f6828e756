"""The one place where commands meet the engine, imported when a command needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.search import SearchEngine


def open_engine(index: str | None, *, model: str | None = None) -> SearchEngine:
    """The existing index of that name or folder; None means the configured one.

    Raises:
        IndexNotFoundError: there is none yet.
    """
    from searchkit.search import SearchEngine

    return SearchEngine.open(index, encoder=model)


def open_or_create_engine(index: str | None, *, model: str | None = None) -> SearchEngine:
    """As `open_engine`, but an index that does not exist comes into being with the first change."""
    from searchkit.search import SearchEngine

    return SearchEngine.open_or_create(index, encoder=model)
