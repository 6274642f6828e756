"""The tables of `topics`, for the migration that makes them."""

from __future__ import annotations

TOPIC_TABLES = (
    """
-- The topics that were found last, the largest first.
CREATE TABLE topics (
    number  INTEGER PRIMARY KEY,  -- from 1
    label   TEXT NOT NULL,
    phrases TEXT NOT NULL,        -- a JSON array, the most telling first
    least   REAL NOT NULL,        -- the lowest cosine with the centre that belongs to the topic
    centre  BLOB NOT NULL         -- a unit vector, `dimension` little-endian float32 numbers
)""",
    """
-- The topic of each chunk; one that was added since has none until the run that added it ends.
CREATE TABLE chunk_topics (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (chunk_id) ON DELETE CASCADE,
    number   INTEGER NOT NULL     -- 0: it fits none
)""",
    "CREATE INDEX chunk_topics_by_number ON chunk_topics (number)",
)
