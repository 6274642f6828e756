"""What people said of hits: which passage of which document answers a query, and which does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchkit.store.reading.base import altered

if TYPE_CHECKING:
    from searchkit.store.reader import StoreReader
    from searchkit.store.writer import StoreWriter


@dataclass(frozen=True, slots=True)
class Judgement:
    """One passage judged for one query.

    Attributes:
        query: its text, white space collapsed.
        doc_id: the document that the passage stood in.
        passage: what was embedded of the chunk: headings and text.
        passage_hash: XXH3-128 of it.
        is_accepted: whether it answers the query.
        judged: when (ISO 8601, UTC).
    """

    query: str
    doc_id: str
    passage: str
    passage_hash: bytes
    is_accepted: bool
    judged: str


def read_judgements(reader: StoreReader) -> list[Judgement]:
    """All judgements in the order in which they were first made; none in an index of an older searchkit.

    Raises:
        IndexDamagedError: one is not as it was written.
    """
    connection = reader._connection
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'judgements'").fetchone() is None:
        return []
    columns = f"query, doc_id, passage, passage_hash, is_accepted, judged, {reader._sound('judgements')}"
    judgements = []
    for query, doc_id, text, key, is_accepted, judged, is_sound in connection.execute(
        f"SELECT {columns} FROM judgements ORDER BY judgement_id"
    ):
        if not is_sound:
            raise altered(f"what was judged of {doc_id!r}")
        judgements.append(Judgement(query, doc_id, text, key, bool(is_accepted), judged))
    return judgements


def keep_judgements(store: StoreWriter, judgements: Iterable[Judgement]) -> None:
    """Within a change: keep judgements, each in the place of an earlier one of the same passage for the same query."""
    store.read._connection.executemany(
        "INSERT INTO judgements (query, doc_id, passage, passage_hash, is_accepted, judged) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (query, doc_id, passage_hash) "
        "DO UPDATE SET is_accepted = excluded.is_accepted, judged = excluded.judged",
        (
            (one.query, one.doc_id, one.passage, one.passage_hash, int(one.is_accepted), one.judged)
            for one in judgements
        ),
    )
