from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import IndexStateError, InputError
from searchkit.search.asking.topics import chunks_of_topics, nearest_topics, topic_named, unit_rows
from searchkit.store import StoreReader
from searchkit.store.topics import KeptTopic, KeptTopics, TopicReader

LABELS = ("ripe apples", "red boats", "fast boats")


@pytest.fixture
def topics(engine: SearchEngine, encoder: WordEncoder) -> KeptTopics:
    """Three topics, whose centres are the vectors of their labels, over two chunks."""
    engine.add(["ripe apples on trees", "red boats at sea"])
    centres = encoder.encode_passages(LABELS)
    found = KeptTopics(
        tuple(KeptTopic(i + 1, label, (label,), 0.7, centres[i]) for i, label in enumerate(LABELS)),
        encoder.fingerprint,
        "kmeans",
        (),
        "2026-11-21T00:00:00+00:00",
    )
    engine.keep_topics(found, np.array([1, 2]), np.array([1, 0]))
    return found


def chunks(folder: Path, *names: int | str) -> list[int]:
    reader = StoreReader(folder / "searchkit.db")
    with reader.snapshot():
        found = chunks_of_topics(reader, names)
    reader.close()
    return found.tolist()


@pytest.mark.usefixtures("topics")
def test_a_topic_has_the_chunks_it_was_found_with(folder: Path) -> None:
    assert chunks(folder, 1) == [1]
    assert chunks(folder, "2") == []
    assert chunks(folder, 0) == chunks(folder, "none") == [2]


@pytest.mark.usefixtures("topics")
def test_a_newer_chunk_belongs_to_the_nearest_topic(engine: SearchEngine, folder: Path) -> None:
    engine.add(["very ripe apples", "fast boats", "quantum chromodynamics"])
    assert chunks(folder, "ripe apples") == [1, 3]
    assert chunks(folder, 3) == [4]
    assert chunks(folder, "none") == [2, 5]
    assert chunks(folder, 3, "ripe apples", "3") == [1, 3, 4]


@pytest.mark.usefixtures("topics")
def test_the_run_that_adds_a_chunk_keeps_its_topic(engine: SearchEngine, folder: Path) -> None:
    engine.add(["fast boats"])
    reader = StoreReader(folder / "searchkit.db")
    with reader.snapshot():
        known = TopicReader(reader)
        assert known.unplaced().tolist() == []
        assert dict(zip(*(part.tolist() for part in known.members()), strict=True)) == {1: 1, 2: 0, 3: 3}
    reader.close()


@pytest.mark.usefixtures("topics")
def test_a_chunk_whose_run_was_killed_is_placed_when_it_is_read(
    engine: SearchEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("searchkit.search.asking.topics.place_new_chunks", lambda _: None)
        engine.add(["fast boats", "very ripe apples"])
    assert chunks(folder, 3) == [3]
    assert chunks(folder, 1) == [1, 4]
    engine.add(["quantum chromodynamics"])
    assert chunks(folder, 3) == [3]


@pytest.mark.usefixtures("topics")
def test_a_changed_document_goes_to_the_topic_of_its_new_text(engine: SearchEngine, folder: Path) -> None:
    engine.add([{"id": "a", "text": "ripe apples"}])
    assert chunks(folder, 1) == [1, 3]
    engine.add([{"id": "a", "text": "fast boats"}])
    assert (chunks(folder, 1), chunks(folder, 3)) == ([1], [4])


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_a_search_is_of_the_topic_before_the_best_are_cut(engine: SearchEngine, mode: str) -> None:
    engine.add([f"ripe apples {number}" for number in range(300)] + ["fast boats fast boats apples"])
    assert len(engine.search("ripe apples", 400, mode=mode)) > 300
    (hit,) = engine.search("ripe apples", 1, mode=mode, topic="fast boats")
    assert hit.text == "fast boats fast boats apples"


@pytest.mark.usefixtures("topics")
def test_topics_join_other_filters_and_each_other(engine: SearchEngine) -> None:
    engine.add([{"id": "old", "text": "fast boats", "year": 1999}, {"id": "new", "text": "fast boats", "year": 2026}])
    engine.add([{"id": "apple", "text": "ripe apples", "year": 2026}])

    def names(**options: object) -> list[str]:
        return sorted(hit.doc_id for hit in engine.search("boats", 9, **options))

    assert names(topic=3) == ["new", "old"]
    assert names(topic=3, where="year > 2000") == ["new"]
    assert names(topic=[3, "ripe apples"], where="year > 2000") == ["apple", "new"]
    assert names(topic=2) == []
    assert [hit.doc_id for hit in engine.similar("old", 9, topic=3)] == ["new"]
    plan = engine.ask("boats", topic=3, explain=True).plan
    assert plan is not None
    assert [(one.text, one.chunks) for one in plan.conditions] == [("topic 3", 2)]


@pytest.mark.parametrize("wrong", [1.5, {"a": 1}, True, [None], [True]])
def test_what_cannot_name_a_topic_is_told(engine: SearchEngine, wrong: object) -> None:
    engine.add(["one"])
    with pytest.raises(InputError, match="number or label of a topic"):
        engine.search("one", topic=wrong)


def test_a_topic_goes_by_number_label_or_a_part_of_it(topics: KeptTopics) -> None:
    assert [topic_named(topics, name) for name in (2, "2", "RED boats", "apples", "none")] == [2, 2, 2, 1, 0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("boats", "2 topics are called 'boats': 2 red boats; 3 fast boats"),
        ("fast cars", "no topic is called 'fast cars'; there are 3 fast boats; "),
        ("4", "1 to 3"),
        ("", "no "),
        (5000 * "9", "1 to 3"),
    ],
)
def test_a_name_that_does_not_settle_it_is_an_error(name: str, message: str, topics: KeptTopics) -> None:
    with pytest.raises(InputError, match=message):
        topic_named(topics, name)


def test_before_topics_are_found_the_hint_says_how(engine: SearchEngine, folder: Path) -> None:
    engine.add(["one"])
    with pytest.raises(IndexStateError, match="searchkit topics"):
        chunks(folder, 1)


@pytest.mark.usefixtures("topics")
def test_topics_of_another_encoder_are_not_used(engine: SearchEngine, folder: Path) -> None:
    engine.rebuild(encoder=WordEncoder("another"))
    with pytest.raises(IndexStateError, match="another encoder"):
        chunks(folder, 1)
    with engine.corpus() as corpus:
        assert corpus.topics() is None


def test_the_corpus_gives_the_topic_of_every_row(engine: SearchEngine, topics: KeptTopics) -> None:
    engine.add(["fast boats"])
    with engine.corpus() as corpus:
        numbers = dict(zip(corpus.layout.ids.tolist(), corpus.topic_numbers(topics).tolist(), strict=True))
    assert numbers == {1: 1, 2: 0, 3: 3}


def test_the_nearest_centre_counts_and_only_above_its_bound() -> None:
    centres = np.eye(3, dtype=np.float32)
    rows = unit_rows(np.array([[3.0, 1, 0], [1, 3, 0], [1, 1, 1.1]]))
    assert nearest_topics(rows, centres, np.array([0.9, 0.99, 0.5], np.float32)).tolist() == [1, 0, 3]


def test_without_centres_nothing_belongs_anywhere() -> None:
    none = np.empty((0, 2), np.float32)
    assert nearest_topics(np.eye(2, dtype=np.float32), none, np.empty(0, np.float32)).tolist() == [0, 0]


def test_unit_rows_of_halves_and_of_zeros() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], np.float16))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], atol=1e-7)
    assert rows.dtype == np.float32
