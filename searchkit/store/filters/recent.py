"""What the last filters let through, kept up with the database.

A filter on metadata is asked of every document, which takes about 4 us each; questions that come one after another
often have the same one, and a change is mostly one of a few documents.

So after a change the answer is mended. A document is never altered, only put in the place of another, under a number
that no other ever had: what was found stays right for as long as the document is there, and those with a higher number
are all that is to be asked. Which chunks are still there is told by the trigger that notes deleted ones, for those that
the vectors file covers, and by a look at the others, which are at most a tenth.

What a file says of itself may change under its documents, its path apart: a filter on its size or time, or on where it
lies, is asked anew.
"""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from searchkit.store.filters.sql import SqlCondition
    from searchkit.types import Ids

MOST_FILTERS = 64
MOST_IDS = 1 << 22  # of all of them together: 32 MiB
_OF_A_FILE = re.compile(r"\bs\.(\w+)")


def lasts(condition: SqlCondition | None) -> bool:
    """Whether a document that met a condition meets it for as long as it is there."""
    return condition is None or set(_OF_A_FILE.findall(condition.sql)) <= {"path"}


@dataclass(frozen=True, slots=True)
class _State:
    """Of the database: the number that SQLite gives it, the newest document, and what the vectors file covers."""

    version: int
    newest: int
    generation: int
    covered: int


@dataclass(frozen=True, slots=True)
class _Answer:
    ids: Ids
    state: _State


class RecentFilters:
    """The answers of one connection, which sees when another has changed the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._state = _State(-1, 0, 0, 0)
        self._found: OrderedDict[Hashable, _Answer] = OrderedDict()

    def of(self, key: Hashable, find: Callable[[int], Ids], *, lasting: bool) -> Ids:
        """The ids that belong to ``key`` in this state of the database, ascending; not to be written to.

        Args:
            key: of the filter.
            find: gives the chunks that it lets through, of the documents with a higher number than it is called with.
            lasting: see `lasts`.
        """
        state = self._now()
        known = self._found.pop(key, None)
        if known is None or (known.state != state and not lasting):
            known = _Answer(find(0), state)
        elif known.state != state:
            known = _Answer(np.concatenate([self._still_there(known), find(known.state.newest)]), state)
        known.ids.flags.writeable = False
        self._found[key] = known
        while len(self._found) > MOST_FILTERS or sum(len(one.ids) for one in self._found.values()) > MOST_IDS:
            self._found.popitem(last=False)
        return known.ids

    def _now(self) -> _State:
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if version != self._state.version:
            (newest,) = self._connection.execute("SELECT coalesce(max(document_id), 0) FROM documents").fetchone()
            file = self._connection.execute("SELECT generation, max_chunk_id FROM generations").fetchone()
            self._state = _State(version, newest, *(file or (0, 0)))
        return self._state

    def _still_there(self, known: _Answer) -> Ids:
        """Those of the ids whose chunks exist."""
        is_same = known.state.generation == self._state.generation  # else deleted ones were noted of another file
        covered = self._state.covered if is_same else 0
        ids, place = known.ids, int(np.searchsorted(known.ids, covered, side="right"))
        deleted = self._ids("SELECT chunk_id FROM deleted_chunks")
        later = self._ids("SELECT chunk_id FROM chunks WHERE chunk_id > ?", covered)
        return np.concatenate(
            [
                ids[:place][~np.isin(ids[:place], deleted, assume_unique=True)],
                ids[place:][np.isin(ids[place:], later, assume_unique=True)],
            ]
        )

    def _ids(self, sql: str, *parameters: object) -> Ids:
        return np.fromiter((row[0] for row in self._connection.execute(sql, parameters)), dtype=np.int64)
