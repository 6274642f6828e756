"""The lexical index: the words of every chunk in an FTS5 table, kept in step by triggers, whoever writes.

It is derived from documents and chunks and holds no text. What FTS5 takes, and has to be given again word for word to
forget it, is made by functions that every writing connection registers; so a database is never changed without them.
``settings`` names the analysis that made the words: another one fills the table anew before anything is written.
"""

from __future__ import annotations

import json
import sqlite3

from searchkit.store.functions import make_known
from searchkit.store.lexical.words import ANALYSIS, ANALYSIS_VERSION, indexed_words

ANALYSIS_SETTING = "analysis"

_TABLE = """CREATE VIRTUAL TABLE chunk_words USING fts5 (
    title, headings, text,  -- rowid is the chunk_id
    content = '',           -- no text of its own
    tokenize = 'ascii'      -- takes words apart at the spaces that the analysis puts between them
)"""
_PLACES = "CREATE VIRTUAL TABLE chunk_word_places USING fts5vocab (chunk_words, instance)"  # each word, where it stands
_WORDS_OF_CHUNK = "c.chunk_id, indexed_words(d.title), indexed_headings(d.title, c.heading_path), indexed_words(c.text)"
_TRIGGERS = {
    "words_inserted": f"""CREATE TRIGGER words_inserted AFTER INSERT ON chunks
BEGIN
    INSERT INTO chunk_words (rowid, title, headings, text)
    SELECT {_WORDS_OF_CHUNK} FROM chunks c JOIN documents d USING (document_id) WHERE c.chunk_id = new.chunk_id;
END""",
    # while the chunks of the document are still there: the cascade takes them after it
    "words_deleted": f"""CREATE TRIGGER words_deleted BEFORE DELETE ON documents
BEGIN
    INSERT INTO chunk_words (chunk_words, rowid, title, headings, text)
    SELECT 'delete', {_WORDS_OF_CHUNK} FROM chunks c JOIN documents d USING (document_id)
    WHERE c.document_id = old.document_id ORDER BY c.chunk_id;
END""",
}
WORDS_OF_ALL = f"SELECT {_WORDS_OF_CHUNK} FROM chunks c JOIN documents d USING (document_id) ORDER BY c.chunk_id"


def register_words(connection: sqlite3.Connection) -> None:
    """Make the functions of the triggers known to SQL on this connection."""
    make_known(connection, "indexed_words", 1, indexed_words)
    make_known(connection, "indexed_headings", 2, indexed_headings)


def indexed_headings(title: str, heading_path: str) -> str:
    """The words of a heading path (JSON), less a first heading that says the title again."""
    try:
        headings = json.loads(heading_path)
    except ValueError:  # damaged; it can still be dropped
        return indexed_words(heading_path)
    if headings and " ".join(headings[0].split()) == " ".join(title.split()):
        headings = headings[1:]
    return indexed_words("\n".join(headings))


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether the words were made by the analysis of this searchkit under the Unicode tables of this Python."""
    return _analysis(connection) == ANALYSIS


def can_be_asked(connection: sqlite3.Connection) -> bool:
    """Whether there are words made by the analysis of this searchkit. Readers do not mind other Unicode tables: few
    characters differ, and only whoever writes has to forget exactly what was indexed."""
    return _analysis(connection).split(",")[0] == str(ANALYSIS_VERSION)


def _analysis(connection: sqlite3.Connection) -> str:
    """Which one made the words; "" where nothing tells, or not readably: then the next writer makes them anew."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", [ANALYSIS_SETTING]).fetchone()
    try:
        return "" if row is None else str(json.loads(row[0]))
    except ValueError:
        return ""


def make_lexical_index(connection: sqlite3.Connection) -> None:
    """Make table and triggers, in place of any that are there, and fill them; inside a transaction of the caller."""
    for name in ("index_words", "forget_words", *_TRIGGERS):
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    for table in ("chunk_word_places", "chunk_words"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for made in (_TABLE, _PLACES):
        connection.execute(made)
    for trigger in _TRIGGERS.values():
        connection.execute(trigger)
    connection.execute(f"INSERT INTO chunk_words (rowid, title, headings, text) {WORDS_OF_ALL}")
    setting = (ANALYSIS_SETTING, json.dumps(ANALYSIS))
    connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", setting)


def optimize_lexical_index(connection: sqlite3.Connection) -> None:
    """Merge all parts of the index into one."""
    connection.execute("INSERT INTO chunk_words (chunk_words) VALUES ('optimize')")
