"""The topics of an index as they are kept: their centres, and which chunks belong to which.

They are derived from the embeddings and can be found anew. A chunk that came later is put where its vector belongs
by `searchkit.search.asking.topics`, at the end of the run that added it; until then it has no row here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import IndexDamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store.reader import StoreReader
    from searchkit.store.writer import StoreWriter
    from searchkit.types import Ids, Rows

CENTRE_DTYPE = "<f4"
SETTING = "topics"


@dataclass(frozen=True, eq=False, slots=True)
class KeptTopic:
    """A topic without its chunks; ``centre`` is (D,) float32."""

    number: int
    label: str
    phrases: tuple[str, ...]
    least: float
    centre: Rows


@dataclass(frozen=True, eq=False, slots=True)
class KeptTopics:
    """All topics, and how they were found.

    Attributes:
        topics: numbered from 1.
        fingerprint: of the encoder whose vectors they are made of.
        method: what grouped the chunks.
        merges: (left, right, cost) how topics join, the most alike first; topic i is i - 1.
        found: when (ISO 8601, UTC).
    """

    topics: tuple[KeptTopic, ...]
    fingerprint: str
    method: str
    merges: tuple[tuple[int, int, float], ...]
    found: str


class TopicReader:
    """Reads topics in the snapshot that another reader has."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader, self._connection = reader, reader._connection

    def topics(self) -> KeptTopics | None:
        """What was kept last; None where topics were never found.

        Raises:
            IndexDamagedError: a row is not as it was written.
        """
        told = self._reader._setting(SETTING, default=None)
        if told is None:
            return None
        sound = self._reader._sound("topics")
        rows = f"SELECT number, label, phrases, least, centre, {sound} FROM topics ORDER BY number"
        try:
            topics = tuple(_topic(*row) for row in self._connection.execute(rows))
            merges = tuple((int(left), int(right), float(cost)) for left, right, cost in told["merges"])
            return KeptTopics(topics, told["fingerprint"], told["method"], merges, told["found"])
        except (ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError("the kept topics cannot be read", hint="searchkit topics --again") from error

    def members(self) -> tuple[Ids, NDArray[np.int64]]:
        """The chunks whose topic is known, ascending, and its number; 0 for none."""
        rows = self._connection.execute("SELECT chunk_id, number FROM chunk_topics ORDER BY chunk_id").fetchall()
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return table[:, 0].copy(), table[:, 1].copy()

    def members_of(self, numbers: Sequence[int]) -> Ids:
        """The chunks that are known to belong to one of these topics, ascending; 0 is none."""
        rows = self._connection.execute(
            "SELECT chunk_id FROM chunk_topics WHERE number IN (SELECT value FROM json_each(?)) ORDER BY chunk_id",
            [json.dumps(list(numbers))],
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def unplaced(self) -> Ids:
        """The chunks that came after the topics, ascending."""
        rows = self._connection.execute(
            "SELECT chunk_id FROM chunks WHERE chunk_id NOT IN (SELECT chunk_id FROM chunk_topics) ORDER BY chunk_id"
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)


def _topic(number: int, label: str, phrases: str, least: float, centre: bytes, is_sound: int) -> KeptTopic:
    if not is_sound:
        raise ValueError("not as it was written")
    return KeptTopic(number, label, tuple(json.loads(phrases)), least, np.frombuffer(centre, CENTRE_DTYPE))


def keep_topics(store: StoreWriter, topics: KeptTopics, ids: Ids, numbers: NDArray[np.int64]) -> None:
    """Put topics in the place of those before, within a change of the store.

    Args:
        ids: (N,) the chunks; one that is gone by now is passed over.
        numbers: (N,) the topic of each; 0 for none.
    """
    connection = store.read._connection
    forget_topics(store)
    connection.executemany(
        "INSERT INTO topics (number, label, phrases, least, centre) VALUES (?, ?, ?, ?, ?)",
        (
            (
                topic.number,
                topic.label,
                json.dumps(topic.phrases, ensure_ascii=False),
                topic.least,
                topic.centre.astype(CENTRE_DTYPE).tobytes(),
            )
            for topic in topics.topics
        ),
    )
    place_chunks(store, ids, numbers)
    told = {"fingerprint": topics.fingerprint, "method": topics.method, "merges": topics.merges, "found": topics.found}
    store._set(SETTING, told)


def place_chunks(store: StoreWriter, ids: Ids, numbers: NDArray[np.int64]) -> None:
    """Keep the topic of chunks that have none yet, within a change; one that is gone by now is passed over."""
    store.read._connection.executemany(
        "INSERT INTO chunk_topics (chunk_id, number) SELECT chunk_id, ? FROM chunks WHERE chunk_id = ?",
        zip(numbers.tolist(), ids.tolist(), strict=True),
    )


def forget_topics(store: StoreWriter) -> None:
    """No topics are known any more."""
    connection: sqlite3.Connection = store.read._connection
    connection.execute("DELETE FROM topics")
    connection.execute("DELETE FROM chunk_topics")
    connection.execute("DELETE FROM settings WHERE name = ?", [SETTING])
