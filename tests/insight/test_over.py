from __future__ import annotations

import pytest
from themed_corpus import MakeEngine, themed_texts

from searchkit.errors import FilterError
from searchkit.insight import find_topics, topics_over
from searchkit.insight.over import OTHER, _columns, _folders


def test_counts_are_those_of_the_documents(make_engine: MakeEngine) -> None:
    engine = make_engine([*themed_texts(), {"id": "bare", "text": "apples pears cherries plums"}])
    topics = find_topics(engine, number=4)
    over = topics_over(engine, topics, "theme")
    assert sorted(over.values) == ["clocks", "fruit", "music", "ships"]
    assert over.counts.sum(axis=0).tolist() == [20] * 4
    assert over.without == 1
    for topic, row in zip(topics.topics, over.counts[1:], strict=True):
        assert row.max() == row.sum() >= topic.size - 1
    assert over.counts[0].sum() + over.without >= topics.outliers


def test_time_is_ascending(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts())
    topics = find_topics(engine, number=4)
    assert topics_over(engine, topics, "year").values == ("2020", "2021", "2022")
    days = topics_over(engine, topics, "date").values
    assert list(days) == sorted({text["date"] for text in themed_texts()})


def test_an_unknown_field_lists_those_that_there_are(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts(each=5))
    with pytest.raises(FilterError, match="no document has a field 'colour'") as caught:
        topics_over(engine, find_topics(engine, number=2), "colour")
    assert all(name in caught.value.hint for name in ("theme", "year", "modified", "folder"))


def test_a_field_without_any_value_is_an_error(make_engine: MakeEngine) -> None:
    engine = make_engine(themed_texts(each=5))
    with pytest.raises(FilterError, match="no document has a value for 'folder'") as caught:
        topics_over(engine, find_topics(engine, number=2), "folder")
    assert "theme" in caught.value.hint


def test_a_chunk_counts_under_each_element_of_a_list(make_engine: MakeEngine) -> None:
    engine = make_engine(
        [{"id": "a", "text": "apples", "tags": ["x", "y"]}, {"id": "b", "text": "pears", "tags": ["x"]}]
    )
    over = topics_over(engine, find_topics(engine, number=1), "tags")
    assert (over.values, over.counts.tolist()) == (("x", "y"), [[0, 0], [2, 1]])


def test_dates_are_gathered_until_they_are_few() -> None:
    days = [f"2026-{month:02}-{day:02}T10:00" for month in (1, 2) for day in range(1, 20)]
    assert _columns(days)[1] == ["2026-01", "2026-02"]
    assert _columns(days[:5])[1] == [day[:10] for day in days[:5]]


def test_many_numbers_become_ranges() -> None:
    names, order = _columns(list(range(121)))
    assert order[0] == "0 to 10"
    assert len(order) == 12
    assert (names[0], names[10], names[120]) == ("0 to 10", "10 to 20", "110 to 120")
    assert _columns([3, 1.5, 3.0])[1] == ["1.5", "3"]


def test_rare_names_are_gathered() -> None:
    values = [f"name{number}" for number in range(30) for _ in range(30 - number)]
    names, order = _columns(values)
    assert order == [*(f"name{number}" for number in range(20)), OTHER]
    assert names["name25"] == OTHER


def test_folders_are_as_deep_as_there_are_not_too_many() -> None:
    few = ["a/b/x.md", "a/c/y.md", "z.md", None]
    assert _folders(few) == ["a/b", "a/c", ".", None]
    many = [f"top{number % 3}/sub{number}/x.md" for number in range(60)]
    assert set(_folders(many)) == {"top0", "top1", "top2"}


def test_long_numbers_such_as_ids_keep_apart() -> None:
    ids = [2**60 + number for number in range(30)]
    names, order = _columns(ids)
    assert len(order) == 12
    assert {names[one] for one in ids} <= set(order)
    assert _columns(ids[:2])[1] == [str(2**60), str(2**60 + 1)]


def test_a_value_of_the_name_of_the_rest_is_counted_with_it() -> None:
    values = [f"name{number}" for number in range(30) for _ in range(30 - number)] + [OTHER] * 40
    names, order = _columns(values)
    assert order == [*(f"name{number}" for number in range(19)), OTHER]
    assert names[OTHER] == names["name25"] == OTHER
