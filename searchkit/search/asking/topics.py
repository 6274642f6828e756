"""Which chunks belong to a topic now: those that it was found with, and newer ones whose vector lies there.

Newer chunks are given their topic at the end of the run that added them. Where that did not come about (the run was
killed, or an older searchkit wrote), they are placed whenever topics are read.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import InputError, NoTopicsError
from searchkit.search.question import LONGEST_NUMBER
from searchkit.store.topics import KeptTopics, TopicReader, place_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.store import StoreReader, StoreWriter
    from searchkit.store.topics import KeptTopic
    from searchkit.types import Ids, Rows

OUTLIERS = 0
_BLOCK = 8192
_LISTED = 8
_FIND = "searchkit topics"


@dataclass(frozen=True, slots=True)
class TopicCount:
    """A kept topic and how large it is now: all its ``chunks``, and those ``allowed`` by what was asked."""

    number: int
    label: str
    phrases: tuple[str, ...]
    chunks: int
    allowed: int


def topic_counts(reader: StoreReader, allowed: Ids | None) -> list[TopicCount]:
    """The kept topics in their order, counted over all chunks and over the allowed ones; None for all."""
    topics = require_topics(reader)
    ids, numbers = topics_of_chunks(reader, topics)
    within = numbers if allowed is None else numbers[np.isin(ids, allowed)]
    most = len(topics.topics) + 1
    counts, allowed_counts = np.bincount(numbers, minlength=most), np.bincount(within, minlength=most)
    return [
        TopicCount(
            topic.number, topic.label, topic.phrases, int(counts[topic.number]), int(allowed_counts[topic.number])
        )
        for topic in topics.topics
    ]


def kept_topics(reader: StoreReader) -> KeptTopics | None:
    """The topics of the index, if there are any of the encoder that it has now."""
    found = TopicReader(reader).topics()
    return found if found is not None and found.fingerprint == reader.settings().fingerprint else None


def require_topics(reader: StoreReader) -> KeptTopics:
    """The topics of the index.

    Raises:
        NoTopicsError: none were found yet, or they belong to another encoder.
    """
    found = TopicReader(reader).topics()
    if found is None:
        raise NoTopicsError("no topics of this index are known", hint=f"find them once: {_FIND}")
    if found.fingerprint != reader.settings().fingerprint:
        raise NoTopicsError("the topics of this index were found with another encoder", hint=f"find them anew: {_FIND}")
    return found


def topic_named(topics: KeptTopics, name: int | str) -> int:
    """The number of a topic: given as such, or by its label or a part of it; 0 and ``none`` mean the outliers.

    Raises:
        InputError: there is no such topic, or the part occurs in several.
    """
    text = str(name).strip().casefold()
    if text in ("0", "none"):
        return OUTLIERS
    if text.isdecimal():
        number = int(text[:LONGEST_NUMBER])
        if not 1 <= number <= len(topics.topics):
            raise InputError(f"there is no topic {number}; they are numbered 1 to {len(topics.topics)}", hint=_FIND)
        return number
    whole = [topic for topic in topics.topics if topic.label.casefold() == text]
    found = whole or [topic for topic in topics.topics if text and text in topic.label.casefold()]
    if not found:
        known = _closest(topics.topics, text)
        raise InputError(f"no topic is called {str(name)!r}; there are {known}", hint=f"{_FIND} lists all of them")
    if len(found) > 1:
        message = f"{len(found)} topics are called {str(name)!r}: {_listed(found)}"
        raise InputError(message, hint=f"{_FIND} lists all of them; a number is enough")
    return found[0].number


def _closest(topics: Sequence[KeptTopic], text: str) -> str:
    """Some of the topics, those first whose label is most like the text."""
    alike = difflib.SequenceMatcher(b=text)

    def likeness(topic: KeptTopic) -> float:
        alike.set_seq1(topic.label.casefold())
        return alike.ratio()

    return _listed(sorted(topics, key=likeness, reverse=True)) or "none"


def _listed(topics: Sequence[KeptTopic]) -> str:
    names = [f"{topic.number} {topic.label}" for topic in topics[:_LISTED]]
    return "; ".join(names) + (f"; and {len(topics) - _LISTED:,} more" if len(topics) > _LISTED else "")


def chunks_of_topics(reader: StoreReader, names: Sequence[int | str]) -> Ids:
    """The chunks that belong to any of these topics now, ascending; what `topic_named`, `require_topics` raise."""
    topics = require_topics(reader)
    numbers = [topic_named(topics, name) for name in names]
    ids = TopicReader(reader).members_of(numbers)
    fresh, theirs = _place(reader, topics)
    return np.union1d(ids, fresh[np.isin(theirs, numbers)])


def topics_of_chunks(reader: StoreReader, topics: KeptTopics) -> tuple[Ids, NDArray[np.int64]]:
    """Every chunk, ascending, and the number of its topic; 0 for none."""
    ids, numbers = TopicReader(reader).members()
    fresh, theirs = _place(reader, topics)
    ids, numbers = np.concatenate([ids, fresh]), np.concatenate([numbers, theirs])
    order = np.argsort(ids)
    return ids[order], numbers[order]


def place_new_chunks(store: StoreWriter) -> None:
    """Keep the topic of every chunk that came after the topics were found, if there are topics of this encoder."""
    topics = kept_topics(store.read)
    if topics is None:
        return
    ids, numbers = _place(store.read, topics)
    if len(ids):
        with store.change():
            place_chunks(store, ids, numbers)


def _place(reader: StoreReader, topics: KeptTopics) -> tuple[Ids, NDArray[np.int64]]:
    """The chunks without a kept topic, ascending, and the number of the one that they belong to."""
    fresh = TopicReader(reader).unplaced()
    if not len(fresh):
        return fresh, np.empty(0, np.int64)
    centres = np.array([topic.centre for topic in topics.topics], np.float32)
    least = np.array([topic.least for topic in topics.topics], np.float32)
    parts = [fresh[first : first + _BLOCK] for first in range(0, len(fresh), _BLOCK)]
    placed = [nearest_topics(unit_rows(reader.vectors(part)), centres, least) for part in parts]
    return fresh, np.concatenate(placed)


def nearest_topics(rows: Rows, centres: Rows, least: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N,) the number of the topic whose centre is nearest, from 1; 0 for rows below its least cosine.

    Args:
        rows: (N, D) float32 unit rows.
        centres: (K, D) float32 unit rows.
        least: (K,) cosines.
    """
    numbers = np.zeros(len(rows), np.int64)
    for first in range(0, len(rows) if len(centres) else 0, _BLOCK):
        cosines = rows[first : first + _BLOCK] @ centres.T
        nearest = cosines.argmax(axis=1)
        fits = np.take_along_axis(cosines, nearest[:, np.newaxis], axis=1)[:, 0] >= least[nearest]
        numbers[first : first + _BLOCK] = np.where(fits, nearest + 1, OUTLIERS)
    return numbers


def unit_rows(rows: NDArray[np.floating]) -> Rows:
    """The rows with unit length, float32; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    scaled: Rows = rows.astype(np.float32)
    scaled /= np.where(lengths, lengths, 1.0)[:, np.newaxis].astype(np.float32)
    return scaled
