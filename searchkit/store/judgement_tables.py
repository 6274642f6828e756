"""The table of `judgements`, for the migration that makes it."""

from __future__ import annotations

JUDGEMENT_TABLE = """
-- What a person said of a hit. It names documents and passages by what they are, not by their ids, and keeps the text
-- that was judged: it survives that the document is indexed again, or is gone.
CREATE TABLE judgements (
    judgement_id INTEGER PRIMARY KEY,
    query        TEXT NOT NULL,     -- white space collapsed
    doc_id       TEXT NOT NULL,     -- the document's name
    passage_hash BLOB NOT NULL,     -- XXH3-128 of `passage`
    passage      TEXT NOT NULL,     -- what was embedded of the judged chunk
    is_accepted  INTEGER NOT NULL,  -- 1: it answers the query; 0: it does not
    judged       TEXT NOT NULL,     -- when, ISO 8601, UTC
    UNIQUE (query, doc_id, passage_hash)
)"""
