"""A whole index at a glance: its topics, a map, near-duplicates, outliers, and the state of its space.

Everything takes a `searchkit.search.SearchEngine`. Importing this room brings no faiss, scikit-learn or matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

if TYPE_CHECKING:
    from searchkit.insight.duplicates import DuplicateGroup, DuplicatePair, Duplicates, find_duplicates
    from searchkit.insight.health import Health, health_of
    from searchkit.insight.hierarchy import TopicGroup, topic_groups
    from searchkit.insight.mapdata import MapData, map_of
    from searchkit.insight.mappage import file_links, map_html, write_map_html
    from searchkit.insight.mappng import check_map_files, write_map_png
    from searchkit.insight.model import Passage, Topic, Topics
    from searchkit.insight.outliers import Outliers, find_outliers
    from searchkit.insight.over import TopicsOver, topics_over
    from searchkit.insight.passages import place_of
    from searchkit.insight.topics import find_topics, keep_topics, read_topics

_ROOMS = {
    "duplicates": ("DuplicateGroup", "DuplicatePair", "Duplicates", "find_duplicates"),
    "health": ("Health", "health_of"),
    "hierarchy": ("TopicGroup", "topic_groups"),
    "mapdata": ("MapData", "map_of"),
    "mappage": ("file_links", "map_html", "write_map_html"),
    "mappng": ("check_map_files", "write_map_png"),
    "model": ("Passage", "Topic", "Topics"),
    "outliers": ("Outliers", "find_outliers"),
    "passages": ("place_of",),
    "over": ("TopicsOver", "topics_over"),
    "topics": ("find_topics", "keep_topics", "read_topics"),
}
__all__ = [
    "DuplicateGroup",
    "DuplicatePair",
    "Duplicates",
    "Health",
    "MapData",
    "Outliers",
    "Passage",
    "Topic",
    "TopicGroup",
    "Topics",
    "TopicsOver",
    "check_map_files",
    "file_links",
    "find_duplicates",
    "find_outliers",
    "find_topics",
    "health_of",
    "keep_topics",
    "map_html",
    "map_of",
    "place_of",
    "read_topics",
    "topic_groups",
    "topics_over",
    "write_map_html",
    "write_map_png",
]
__getattr__, __dir__ = lazy_names(__name__, _ROOMS)
