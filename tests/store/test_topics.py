from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from damage import alter
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import IndexDamagedError, InputError
from searchkit.search.corpus import Corpus
from searchkit.store import StoreReader, StoreWriter
from searchkit.store.topics import KeptTopic, KeptTopics, TopicReader


def some_topics(fingerprint: str, *, labels: tuple[str, ...] = ("apples", "boats")) -> KeptTopics:
    rows = np.eye(64, dtype=np.float32)
    topics = tuple(KeptTopic(i + 1, label, (label, "other"), 0.25, rows[i]) for i, label in enumerate(labels))
    return KeptTopics(topics, fingerprint, "kmeans", ((0, 1, 2.5),), "2026-11-21T00:00:00+00:00")


@pytest.fixture
def filled(folder: Path, encoder: WordEncoder) -> SearchEngine:
    engine = SearchEngine.open_or_create(folder, encoder=encoder)
    engine.add([{"id": name, "text": f"a text about {name}"} for name in ("apples", "boats", "clocks")])
    return engine


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def reading(folder: Path) -> TopicReader:
    return TopicReader(StoreReader(folder / "searchkit.db"))


def test_what_is_kept_is_read_again(filled: SearchEngine, folder: Path, encoder: WordEncoder) -> None:
    topics = some_topics(encoder.fingerprint)
    filled.keep_topics(topics, np.array([1, 2, 3]), np.array([1, 2, 0]))
    found = reading(folder).topics()
    assert found is not None
    assert [(one.number, one.label, one.phrases, one.least) for one in found.topics] == [
        (1, "apples", ("apples", "other"), 0.25),
        (2, "boats", ("boats", "other"), 0.25),
    ]
    np.testing.assert_array_equal(found.topics[1].centre, topics.topics[1].centre)
    assert (found.fingerprint, found.method, found.merges) == (topics.fingerprint, "kmeans", ((0, 1, 2.5),))
    ids, numbers = reading(folder).members()
    assert (ids.tolist(), numbers.tolist()) == ([1, 2, 3], [1, 2, 0])
    assert reading(folder).unplaced().tolist() == []


def test_the_topics_before_are_gone(filled: SearchEngine, folder: Path, encoder: WordEncoder) -> None:
    filled.keep_topics(some_topics(encoder.fingerprint), np.array([1, 2, 3]), np.array([1, 2, 0]))
    filled.keep_topics(some_topics(encoder.fingerprint, labels=("fruit",)), np.array([1]), np.array([1]))
    found = reading(folder).topics()
    assert found is not None
    assert [one.label for one in found.topics] == ["fruit"]
    assert reading(folder).unplaced().tolist() == [2, 3]


def test_without_topics_there_is_none(filled: SearchEngine, folder: Path) -> None:
    assert filled.status().documents == 3
    assert reading(folder).topics() is None


def test_a_removed_chunk_leaves_its_topic(filled: SearchEngine, folder: Path, encoder: WordEncoder) -> None:
    filled.keep_topics(some_topics(encoder.fingerprint), np.array([1, 2, 3]), np.array([1, 2, 0]))
    filled.delete(["boats"])
    assert reading(folder).members()[0].tolist() == [1, 3]


def test_a_chunk_that_was_removed_meanwhile_is_passed_over(
    filled: SearchEngine, folder: Path, encoder: WordEncoder
) -> None:
    filled.delete(["boats"])
    filled.keep_topics(some_topics(encoder.fingerprint), np.array([1, 2, 3]), np.array([1, 2, 0]))
    assert reading(folder).members()[0].tolist() == [1, 3]


def test_topics_of_another_encoder_are_refused(filled: SearchEngine) -> None:
    with pytest.raises(InputError, match="another encoder"):
        filled.keep_topics(some_topics("other"), np.array([1]), np.array([1]))


def test_an_index_of_version_3_gets_the_tables_and_keeps_its_chunks(filled: SearchEngine, folder: Path) -> None:
    filled.close()
    with sqlite3.connect(folder / "searchkit.db") as connection:
        connection.execute("DROP TABLE chunk_topics")
        connection.execute("DROP TABLE topics")
        connection.execute("DROP TABLE judgements")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name > '0004'")
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    old = StoreReader(folder / "searchkit.db")
    with old.snapshot():
        assert Corpus(old).topics() is None
    old.close()
    with StoreWriter.opened(folder / "searchkit.db") as store:
        assert TopicReader(store.read).unplaced().tolist() == [1, 2, 3]


def test_damaged_topics_are_told(filled: SearchEngine, folder: Path, encoder: WordEncoder) -> None:
    filled.keep_topics(some_topics(encoder.fingerprint), np.array([1, 2, 3]), np.array([1, 2, 0]))
    filled.close()
    alter(folder, "UPDATE topics SET phrases = '{'")
    with pytest.raises(IndexDamagedError, match="kept topics"):
        reading(folder).topics()
