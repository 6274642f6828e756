"""What every endpoint works with: the engine, the settings, the lanes of work, the counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from searchkit.server.answering import LocalSearcher, Searcher
from searchkit.server.lanes import Lane
from searchkit.server.mapping import MapKeeper
from searchkit.server.metrics import Metrics

if TYPE_CHECKING:
    from searchkit.search import SearchEngine
    from searchkit.server.settings import ServerSettings

STOP_S = 10.0  # for what is under way when the server is told to stop
_MOST_CHANGES = 32
_MOST_LONG = 8


@dataclass(eq=False)
class Site:
    """One served index.

    Attributes:
        searcher: answers queries; None for one in this process.
        searches: short work that reads.
        changes: writes; one at a time, as the index has one writer.
        long: work that takes seconds and must not keep searches waiting. A map, of which one is made at a time, leaves
            a thread for the rest.
        map: the map of the index.
    """

    engine: SearchEngine
    settings: ServerSettings
    searcher: Searcher | None = None
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.answering: Searcher = self.searcher or LocalSearcher(self.engine)
        self.searches = Lane("search", self.settings.worker_count, self.settings.most_waiting)
        self.changes = Lane("change", 1, _MOST_CHANGES)
        self.long = Lane("long", 2, _MOST_LONG)
        self.map = MapKeeper(self.engine, self.long)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All of them."""
        return self.searches, self.changes, self.long

    def start(self) -> None:
        """Start the threads."""
        for lane in self.lanes:
            lane.start()

    def close(self) -> None:
        """End the threads; the engine is the caller's. A change is finished, what only reads is not waited for long."""
        self.changes.close()
        for lane in (self.searches, self.long):
            lane.close(STOP_S)
