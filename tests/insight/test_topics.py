from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from themed_corpus import THEMES, MakeEngine, themed_texts
from word_encoder import WordEncoder

from searchkit.errors import InputError
from searchkit.insight import Topics, find_topics, keep_topics, read_topics
from searchkit.search import SearchEngine


def documents_by_topic(engine: SearchEngine, topics: Topics) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    with engine.corpus() as corpus:
        names = {chunk.chunk_id: chunk.doc_id for chunk in corpus.chunks(corpus.layout.ids)}
    for chunk_id, number in zip(topics.ids.tolist(), topics.members.tolist(), strict=True):
        found.setdefault(number, set()).add(names[chunk_id])
    return found


def test_topics_are_the_themes_and_are_named_by_their_words(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    topics = find_topics(engine, number=4)
    themes = Counter()
    for topic in topics.topics:
        (theme,) = {name.split("-")[0] for name in documents_by_topic(engine, topics)[topic.number]}
        themes[theme] += 1
        assert set(" ".join(topic.phrases).lower().split()) <= set(THEMES[theme].split())
        assert topic.size == (topics.members == topic.number).sum()
    assert set(themes) == set(THEMES)


@pytest.mark.parametrize("method", ["kmeans", "density"])
def test_the_order_in_which_documents_come_changes_nothing(make_engine: MakeEngine, method: str) -> None:
    texts = themed_texts(each=25)
    shuffled = [texts[place] for place in np.random.default_rng(5).permutation(len(texts))]
    found = []
    for order in (texts, shuffled):
        engine = make_engine(order)
        topics = find_topics(engine, method=method)
        central = [[passage.doc_id for passage in topic.central] for topic in topics.topics]
        found.append(
            ([(topic.label, topic.size) for topic in topics.topics], central, documents_by_topic(engine, topics))
        )
    assert found[0] == found[1]


def test_the_most_central_passages_are_nearest_to_the_centre(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    topics = find_topics(engine, number=4)
    for topic, centre in zip(topics.topics, topics.centres, strict=True):
        cosines = [passage.cosine for passage in topic.central]
        assert cosines == sorted(cosines, reverse=True)
        rows = WordEncoder().encode_passages([passage.text for passage in topic.central])
        np.testing.assert_allclose(rows @ centre, cosines, atol=1e-2)


def test_what_is_kept_is_read_again(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    found = find_topics(engine)
    assert read_topics(engine) is None
    keep_topics(engine, found)
    again = read_topics(engine)
    assert again is not None
    assert again.topics == found.topics
    assert (again.tree, again.method) == (found.tree, found.method)
    np.testing.assert_array_equal(again.members, found.members)


def test_a_new_document_joins_the_nearest_topic(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    keep_topics(engine, find_topics(engine, number=4))
    engine.add([{"id": "fruit-new", "text": "ripe apples pears cherries plums harvest"}])
    again = read_topics(engine)
    assert again is not None
    (joined,) = (names for names in documents_by_topic(engine, again).values() if "fruit-new" in names)
    assert {name.split("-")[0] for name in joined} == {"fruit"}


def test_a_topic_whose_documents_are_gone_is_empty(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    keep_topics(engine, find_topics(engine, number=4))
    engine.delete([text["id"] for text in themed_texts() if text["theme"] == "ships"])
    again = read_topics(engine)
    assert again is not None
    assert [topic.central for topic in again.topics if topic.size == 0] == [()]


def test_an_index_without_chunks_is_an_error(make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="holds no chunks"):
        find_topics(make_engine([]))


@pytest.mark.parametrize("method", ["kmeans", "density"])
@pytest.mark.parametrize("texts", [["one document"], ["the same words"] * 30, ["42", "?!"]])
def test_a_corpus_of_next_to_nothing_is_no_trouble(make_engine: MakeEngine, texts: list[str], method: str) -> None:
    topics = find_topics(make_engine(texts), method=method)
    assert len(topics.topics) <= 1
    assert sum(topic.size for topic in topics.topics) + topics.outliers == len(texts)


def test_more_topics_than_different_chunks_is_an_error(make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="3 topics were asked for; expected 1 to 2"):
        find_topics(make_engine(["one", "two", "two"]), number=3)


def test_languages_and_scripts_go_together(make_engine: MakeEngine) -> None:
    texts = ["die Katze schläft im Garten", "le chat dort dans le jardin", "кошка спит в саду", "猫在花园里睡觉"]
    topics = find_topics(make_engine([f"{text} {number}" for text in texts for number in range(5)]), number=4)
    phrases = {word for topic in topics.topics for phrase in topic.phrases for word in phrase.lower().split()}
    assert {"katze", "chat", "кошка", "花园"} <= phrases
    assert not {"die", "le", "в"} & phrases
