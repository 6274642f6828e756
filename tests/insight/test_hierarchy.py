from __future__ import annotations

import numpy as np

from searchkit.insight.hierarchy import group_label, topic_groups
from searchkit.insight.model import Topic, Topics
from searchkit.insight.ward import ward_tree


def topic(number: int, size: int, *phrases: str) -> Topic:
    return Topic(number, ", ".join(phrases[:3]), phrases, size, ())


def topics(places: list[float]) -> Topics:
    own = tuple(topic(number, 20 - number, f"phrase{number}") for number in range(1, len(places) + 1))
    rows = np.array(places, np.float32)[:, np.newaxis]
    tree = ward_tree(rows, np.ones(len(places)))
    none = np.empty(0, np.int64)
    return Topics(own, none, none, rows, np.zeros(len(places), np.float32), tree, "kmeans", (), "")


def test_groups_are_the_branches_of_the_tree() -> None:
    groups = topic_groups(topics([0, 10, 0.1, 10.1, 0.2]), 2)
    assert [group.topics for group in groups] == [(1, 3, 5), (2, 4)]
    assert [group.size for group in groups] == [19 + 17 + 15, 18 + 16]


def test_few_topics_stand_alone_and_many_in_as_many_groups_as_each_holds() -> None:
    assert [group.topics for group in topic_groups(topics([1, 2, 4]))] == [(1,), (2,), (3,)]
    assert len(topic_groups(topics([float(place**2) for place in range(16)]))) == 4


def test_without_topics_there_are_no_groups() -> None:
    none = np.empty(0, np.int64)
    nothing = Topics((), none, none, np.empty((0, 2), np.float32), np.empty(0, np.float32), (), "density", (), "")
    assert topic_groups(nothing) == ()


def test_a_group_is_called_by_what_its_topics_share() -> None:
    own = [topic(1, 10, "git branch", "commit"), topic(2, 9, "commits", "merge"), topic(3, 8, "rebase", "commit")]
    assert group_label(own) == "commit, git branch, rebase"


def test_a_group_of_one_has_its_label() -> None:
    assert group_label([topic(1, 10, "b", "a")]) == "b, a"
