from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from themed_corpus import MakeEngine, themed_texts
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.insight import find_topics, keep_topics, map_of
from searchkit.insight.mapdata import TITLE_LENGTH


def test_every_chunk_has_its_place_topic_and_text(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    topics = find_topics(engine, number=4)
    data = map_of(engine, topics=topics, method="pca")
    assert data.places.shape == (80, 2)
    with engine.corpus() as corpus:
        chunks = corpus.chunks(corpus.layout.ids)
    assert [data.files[place] for place in data.file] == [chunk.doc_id for chunk in chunks]
    assert list(data.snippets) == [chunk.text for chunk in chunks]
    np.testing.assert_array_equal(data.members, topics.members)
    assert [topic.size for topic in data.topics] == [topic.size for topic in topics.topics]
    assert (data.name, data.projection) == (engine.folder.name, "pca")
    assert not data.is_file.any()


def test_a_name_stands_where_most_of_its_chunks_are(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    data = map_of(engine, topics=find_topics(engine, number=4), method="pca")
    for number, topic in enumerate(data.topics, start=1):
        assert topic.at is not None
        own = data.places[data.members == number]
        to_others = [np.linalg.norm(np.array(other.at) - topic.at) for other in data.topics if other is not topic]
        assert np.median(np.linalg.norm(own - np.array(topic.at), axis=1)) < min(to_others)


def test_the_kept_topics_colour_the_map(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    keep_topics(engine, find_topics(engine, number=2))
    assert len(map_of(engine, method="pca").topics) == 2


def test_files_have_lines_and_long_titles_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        f"# {'Long ' * 60}\n\nText of the first.\n\n# Second\n\nText of the second.\n"
    )
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.index_paths([Path("docs")])
        engine.add(["a bare text"])
        data = map_of(engine, method="pca")
    assert dict(zip(data.files, data.is_file.tolist(), strict=True))["docs/a.md"]
    assert data.is_file.tolist().count(False) == 1
    lines = {(data.files[file], line) for file, line in zip(data.file, data.lines.tolist(), strict=True)}
    assert ("docs/a.md", 1) in lines
    assert {line for name, line in lines if name != "docs/a.md"} == {0}
    assert max(map(len, data.titles)) == TITLE_LENGTH


def test_one_chunk_is_a_map_too(make_engine: MakeEngine) -> None:
    data = map_of(make_engine(["one"]), dimensions=3)
    assert data.places.tolist() == [[0, 0, 0]]


def test_an_index_without_chunks_is_an_error(make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="holds no chunks"):
        map_of(make_engine([]))


def test_a_chunk_that_came_after_the_topics_fits_none(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts(each=5))
    topics = find_topics(engine, number=2)
    engine.add([{"id": "new", "text": "apples"}])
    data = map_of(engine, topics=topics, method="pca")
    assert data.members[[data.files[place] for place in data.file].index("new")] == 0
