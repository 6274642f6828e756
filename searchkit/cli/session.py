"""The one place where commands meet the settings and the engine; imported when a command needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from searchkit.errors import IndexNotFoundError
from searchkit.settings import load_settings

if TYPE_CHECKING:
    from searchkit.search import SearchEngine


def open_engine(index: str | None, *, model: str | None = None) -> SearchEngine:
    """The existing index of that name or folder; None means the configured one.

    Raises:
        IndexNotFoundError: there is none yet.
    """
    from searchkit.search import SearchEngine

    return SearchEngine.open(load_settings(overrides={"index": index}).index, encoder=model)


def open_or_create_engine(index: str | None, *, model: str | None = None) -> SearchEngine:
    """As `open_engine`, but an index that does not exist comes into being with the first change.

    A configured encoder counts for new indexes alone: an existing one knows its own.
    """
    from searchkit.search import SearchEngine

    settings = load_settings(overrides={"index": index, "model": model})
    try:
        return SearchEngine.open(settings.index, encoder=model)
    except IndexNotFoundError:
        return SearchEngine.open_or_create(settings.index, encoder=settings.model)


@contextmanager
def rehearsal_engine(index: str | None, *, model: str | None = None) -> Iterator[SearchEngine]:
    """As `open_or_create_engine`, for a dry run: a new index lies in a temporary folder and leaves with it."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from searchkit.search import SearchEngine

    settings = load_settings(overrides={"index": index, "model": model})
    with TemporaryDirectory(prefix="searchkit-") as elsewhere:
        try:
            engine = SearchEngine.open(settings.index, encoder=model)
        except IndexNotFoundError:
            engine = SearchEngine.open_or_create(Path(elsewhere) / "index", encoder=settings.model)
        with engine:
            yield engine
