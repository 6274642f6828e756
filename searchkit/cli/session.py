"""The one place where commands meet the settings and the engine; imported when a command needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from searchkit.errors import IndexNotFoundError, InputError
from searchkit.settings import load_settings

if TYPE_CHECKING:
    from searchkit.search import SearchEngine

T = TypeVar("T")


def open_engine(index: str | None, *, model: str | None = None, wait_s: float = 0) -> SearchEngine:
    """The existing index of that name or folder; None means the configured one.

    Raises:
        IndexNotFoundError: there is none yet.
    """
    from searchkit.search import SearchEngine

    settings = load_settings(overrides={"index": index})
    return SearchEngine.open(settings.index, encoder=model, device=settings.device, wait_s=wait_s)


def open_or_create_engine(index: str | None, *, model: str | None = None, wait_s: float = 0) -> SearchEngine:
    """As `open_engine`, but an index that does not exist comes into being with the first change.

    A configured encoder counts for new indexes alone: an existing one knows its own.
    """
    from searchkit.search import SearchEngine

    settings = load_settings(overrides={"index": index, "model": model})
    try:
        return SearchEngine.open(settings.index, encoder=model, device=settings.device, wait_s=wait_s)
    except IndexNotFoundError:
        return SearchEngine.open_or_create(
            settings.index, encoder=settings.model, device=settings.device, wait_s=wait_s
        )


@contextmanager
def rehearsal_engine(index: str | None, *, model: str | None = None, wait_s: float = 0) -> Iterator[SearchEngine]:
    """As `open_or_create_engine`, for a dry run: a new index lies in a temporary folder and leaves with it."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from searchkit.search import SearchEngine

    settings = load_settings(overrides={"index": index, "model": model})
    with TemporaryDirectory(prefix="searchkit-") as elsewhere:
        try:
            engine = SearchEngine.open(settings.index, encoder=model, device=settings.device, wait_s=wait_s)
        except IndexNotFoundError:
            engine = SearchEngine.open_or_create(
                Path(elsewhere) / "index", encoder=settings.model, device=settings.device
            )
        with engine:
            yield engine


def under_its_name(engine: SearchEngine, target: str, find: Callable[[str], T]) -> T:
    """What is found under the target's own name or, where it is a place on disk, under its name in the index."""
    try:
        return find(target)
    except InputError:
        name = engine.known_as(target)
        if name is None or name == target:
            raise
        return find(name)
