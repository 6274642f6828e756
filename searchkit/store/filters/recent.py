"""What the last filters let through, for as long as the database stays as it is.

A filter on metadata is asked of every document, which takes about 4 us each; questions that come one after another
often have the same one.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.types import Ids

MOST_FILTERS = 64
MOST_IDS = 1 << 22  # of all of them together: 32 MiB


class RecentFilters:
    """The answers of one connection, which sees when another has changed the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version = -1
        self._found: OrderedDict[Hashable, Ids] = OrderedDict()

    def of(self, key: Hashable, find: Callable[[], Ids]) -> Ids:
        """The ids of ``key``, as `find` gave them in this state of the database; not to be written to."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            self._found.clear()
            self._version = version
        ids = self._found.get(key)
        if ids is None:
            ids = self._found[key] = find()
            ids.flags.writeable = False
        self._found.move_to_end(key)
        while len(self._found) > MOST_FILTERS or sum(map(len, self._found.values())) > MOST_IDS:
            self._found.popitem(last=False)
        return ids
