"""Topics of topics: the tree cut at a height where a person can take it in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.insight.labels import label_of
from searchkit.insight.model import Topic, Topics
from searchkit.insight.phrases import key_of
from searchkit.insight.ward import cut_tree

UNGROUPED = 8  # topics up to this many are taken in at once


@dataclass(frozen=True, slots=True)
class TopicGroup:
    """Topics that are alike, the largest first.

    Attributes:
        label: the phrases that the largest of them share or begin with.
        topics: their numbers.
        size: chunks of all of them.
    """

    label: str
    topics: tuple[int, ...]
    size: int


def topic_groups(topics: Topics, count: int | None = None) -> tuple[TopicGroup, ...]:
    """The topics in groups, the largest first.

    Args:
        count: of groups, 1 to K; None: the square root of K, or one for each topic where there are few.

    Raises:
        ShapeError: more groups than topics.
    """
    if not topics.topics:
        return ()
    known = len(topics.topics)
    count = count or (known if known <= UNGROUPED else round(math.sqrt(known)))
    members: dict[int, list[Topic]] = {}
    for topic, group in zip(topics.topics, cut_tree(topics.tree, count).tolist(), strict=True):
        members.setdefault(group, []).append(topic)
    groups = [
        TopicGroup(group_label(own), tuple(topic.number for topic in own), sum(topic.size for topic in own))
        for own in members.values()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.size, group.topics)))


def group_label(topics: Sequence[Topic]) -> str:
    """Phrases that stand high in many of the topics, the larger ones counting more."""
    if len(topics) == 1:
        return topics[0].label
    weights: dict[str, float] = {}
    written: dict[str, str] = {}
    for topic in topics:
        for rank, phrase in enumerate(topic.phrases):
            key = key_of(phrase)
            weights[key] = weights.get(key, 0.0) + topic.size / (1 + rank)
            written.setdefault(key, phrase)
    chosen: list[str] = []
    for key in sorted(weights, key=lambda key: (-weights[key], key)):
        if not any(set(key.split()) & set(other.split()) for other in chosen):
            chosen.append(key)
    return label_of([written[key] for key in chosen]) or topics[0].label
