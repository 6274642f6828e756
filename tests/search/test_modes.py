from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import IndexStateError
from searchkit.search.question import Mode

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time"]


@pytest.fixture
def old_folder(folder: Path, encoder: WordEncoder) -> Path:
    """An index as schema version 1 left it: without words."""
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)
    connection = sqlite3.connect(folder / "searchkit.db")
    for kind, name in connection.execute("SELECT type, name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        if name != "remember_deleted_chunk":
            connection.execute(f"DROP {kind} {name}")
    connection.execute("DROP TABLE chunk_words")
    connection.execute("DELETE FROM settings WHERE name LIKE 'analysis%'")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name > '0002'")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return folder


def test_both_parts_look_unless_told_otherwise(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    asked = engine.ask("apples")
    assert asked.mode is Mode.HYBRID
    assert asked.candidates == {"dense": 3, "lexical": 1}
    assert asked.notices == ()
    assert engine.ask("apples", mode="dense").candidates == {"dense": 3}
    assert engine.ask("apples", mode="lexical").candidates == {"lexical": 1}


def test_a_question_without_words_is_answered_by_meaning(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    asked = engine.ask("?!", k=2)
    assert asked.candidates == {"dense": 3, "lexical": 0}
    assert len(asked.hits) == 2


def test_an_index_without_words_answers_by_its_dense_part_and_says_so(old_folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open(old_folder, encoder=encoder) as engine:
        asked = engine.ask("apples grow")
        assert asked.mode is Mode.DENSE
        assert asked.hits == engine.search("apples grow", mode="dense")
        assert len(asked.notices) == 1
        assert "searchkit index FOLDER" in asked.notices[0]
        assert engine.ask("apples grow", mode="dense").notices == ()
        with pytest.raises(IndexStateError, match="--mode dense"):
            engine.search("apples grow", mode="lexical")
