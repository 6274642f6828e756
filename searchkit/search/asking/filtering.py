"""Which chunks a question is asked of: its filters, one by one and together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np

from searchkit.index import IdFilter
from searchkit.store import StoreReader

if TYPE_CHECKING:
    from searchkit.search.backend import Reader
    from searchkit.search.question import Question
    from searchkit.store.filters.where import SqlCondition
    from searchkit.types import Ids


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter of a question.

    Attributes:
        text: as it was asked, with the name of its option.
        chunks: how many it lets through on its own.
    """

    text: str
    chunks: int


@dataclass(frozen=True, slots=True)
class _Filter:
    text: str
    condition: SqlCondition | None = None
    matches: Callable[[str], bool] | None = None
    ids: Ids | None = None  # what it lets through, where that is known without looking at each chunk


def allowed_chunks(reader: Reader, question: Question) -> IdFilter | None:
    """The chunks that all filters let through; None where nothing is filtered.

    Raises:
        FilterError: a filter does not parse, or names an unknown field.
        InputError, IndexStateError: there is no such topic, or none are known.
    """
    if not isinstance(reader, StoreReader):
        return reader.allowed(question)
    filters = _filters(reader, question)
    if not filters:
        return None
    from searchkit.store.filters.sql import joined

    condition = joined("AND", [one.condition for one in filters if one.condition is not None])
    matches = next((one.matches for one in filters if one.matches is not None), None)
    known = next((one.ids for one in filters if one.ids is not None), None)
    if known is not None and len(filters) == 1:
        return IdFilter(known)
    allowed = reader.allowed_ids(condition, matches)
    return IdFilter(allowed if known is None else np.intersect1d(allowed, known, assume_unique=True))


def allowed_by_each(reader: Reader, question: Question) -> Mapping[str, IdFilter]:
    """The chunks that each filter lets through on its own, by the text of the filter."""
    if not isinstance(reader, StoreReader):
        return reader.allowed_by_each(question)
    return {
        one.text: IdFilter(reader.allowed_ids(one.condition, one.matches) if one.ids is None else one.ids)
        for one in _filters(reader, question)
    }


def conditions_of(reader: Reader, question: Question) -> tuple[Condition, ...]:
    """The filters of a question, each with what it lets through on its own."""
    return tuple(Condition(text, len(allowed)) for text, allowed in allowed_by_each(reader, question).items())


def _filters(reader: StoreReader, question: Question) -> list[_Filter]:
    if not question.is_filtered:
        return []  # without loading what reads a filter
    from searchkit.search.asking.topics import chunks_of_topics
    from searchkit.search.within import parts_within
    from searchkit.store.filters.since import modified_since
    from searchkit.store.filters.where import compile_filter, path_matcher
    from searchkit.store.filters.within import at_or_below

    filters = []
    if question.where is not None:
        condition = compile_filter(question.where, reader.metadata_fields())
        written = question.where if isinstance(question.where, str) else json.dumps(dict(question.where), default=str)
        filters.append(_Filter(f"where {written}", condition))
    if question.path is not None:
        filters.append(_Filter(f"path {question.path}", matches=path_matcher(question.path)))
    if question.since is not None:
        condition = modified_since(question.since, datetime.now(timezone.utc))
        filters.append(_Filter(f"since {question.since}", condition))
    if question.within is not None:
        condition = at_or_below(parts_within(reader, question.within))
        filters.append(_Filter(f"within {', '.join(map(str, question.within))}", condition))
    if question.topic:
        ids = chunks_of_topics(reader, question.topic)
        filters.append(_Filter(f"topic {', '.join(map(str, question.topic))}", ids=ids))
    return filters
