"""Whether the words of an index are those of its chunks.

FTS5 keeps its data in tables of its own without checksums. They are copied into a temporary database, where FTS5
checks their structure, and compared with a second index that is made there from the chunks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from searchkit.store.lexical.tables import WORDS_OF_ALL, register_words

_SHADOWS = ("data", "idx", "docsize", "config")
_COLUMNS = "title, headings, text"
_COMPARED = {
    "words": "SELECT term, col, doc, cnt FROM {}_terms",
    "places of words": "SELECT doc, count(*), sum(offset) FROM {}_places GROUP BY doc",
    "lengths": "SELECT id, sz FROM {}_docsize",
    "totals": "SELECT block FROM {}_data WHERE id = 1 AND trim(hex(block), '0') <> ''",  # of none: zeros, or nothing
}


def lexical_differences(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the words, in short; nothing where all is as the chunks say.

    Raises:
        sqlite3.DatabaseError: SQLite or FTS5 cannot read them.
    """
    made = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'chunk_words'").fetchone()
    if made is None:
        yield "their table is missing"
        return
    options = str(made[0]).partition("chunk_words")[2]
    register_words(connection)
    with closing(sqlite3.connect("", isolation_level=None)) as aside:  # a file that SQLite makes and removes
        for name in ("stored", "fresh"):
            aside.execute(f"CREATE VIRTUAL TABLE {name} {options}")
            aside.execute(f"CREATE VIRTUAL TABLE {name}_terms USING fts5vocab ({name}, col)")
            aside.execute(f"CREATE VIRTUAL TABLE {name}_places USING fts5vocab ({name}, instance)")
        _copy_shadows(connection, aside)
        aside.execute("INSERT INTO stored (stored) VALUES ('integrity-check')")
        aside.executemany(
            f"INSERT INTO fresh (rowid, {_COLUMNS}) VALUES (?, ?, ?, ?)", connection.execute(WORDS_OF_ALL)
        )
        for what, query in _COMPARED.items():
            stored, fresh = query.format("stored"), query.format("fresh")
            number = _count(aside, f"{stored} EXCEPT {fresh}") + _count(aside, f"{fresh} EXCEPT {stored}")
            if number:
                yield f"{what}: {number:,} differences from what the chunks give"


def _copy_shadows(connection: sqlite3.Connection, aside: sqlite3.Connection) -> None:
    for shadow in _SHADOWS:
        aside.execute(f"DELETE FROM stored_{shadow}")
        rows = connection.execute(f"SELECT * FROM chunk_words_{shadow}")
        marks = ", ".join("?" for _ in rows.description)
        aside.executemany(f"INSERT INTO stored_{shadow} VALUES ({marks})", rows)


def _count(aside: sqlite3.Connection, query: str) -> int:
    return int(aside.execute(f"SELECT count(*) FROM ({query})").fetchone()[0])
