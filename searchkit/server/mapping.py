"""The map of the index: made when it is first asked for, kept, and made anew some time after the index changed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from searchkit.server.failures import BusyError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from searchkit.search import SearchEngine
    from searchkit.server.lanes import Lane

MOST_PLACED_WELL = 20_000  # chunks; more are placed by their principal components, which take seconds
REST_S = 60.0  # between two makings, where the index changes all the time
RETRY_S = 2


class MapKeeper:
    """Has the page of the map, or is making it. Used from the event loop alone."""

    def __init__(self, engine: SearchEngine, lane: Lane) -> None:
        self._engine, self._lane = engine, lane
        self._made: tuple[Hashable, bytes] | None = None
        self._made_at = 0.0
        self._making: asyncio.Task[None] | None = None
        self._error: Exception | None = None

    async def page(self, state: Hashable) -> bytes:
        """The page, perhaps of a state before this one.

        Raises:
            BusyError: it is being made; it tells when to ask again.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        is_due = self._made is None or (self._made[0] != state and time.monotonic() - self._made_at > REST_S)
        if is_due and self._making is None:
            self._making = asyncio.create_task(self._make(state))
        if self._made is None:
            raise BusyError("the map is being made", hint="ask again in a moment", retry_s=RETRY_S)
        return self._made[1]

    async def _make(self, state: Hashable) -> None:
        try:
            self._made = state, await self._lane.run(lambda: map_page(self._engine))
            self._made_at = time.monotonic()
        except Exception as error:
            self._error = error
        finally:
            self._making = None


def map_page(engine: SearchEngine) -> bytes:
    """The page that `searchkit map` writes, without links to files."""
    from searchkit.insight import map_html, map_of

    method = "pca" if engine.status().chunks > MOST_PLACED_WELL else None
    return map_html(map_of(engine, method=method)).encode("utf-8", "replace")
