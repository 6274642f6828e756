"""Which chunks a question is asked of: its filters, one by one and together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from searchkit.index import IdFilter
from searchkit.store import StoreReader

if TYPE_CHECKING:
    from searchkit.search.backend import Reader
    from searchkit.search.question import Question
    from searchkit.store.filters import SqlCondition


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


def allowed_chunks(reader: Reader, question: Question) -> IdFilter | None:
    """The chunks that all filters let through; None where nothing is filtered.

    Raises:
        FilterError: a filter does not parse, or names an unknown field.
    """
    if not isinstance(reader, StoreReader):
        return reader.allowed(question)
    filters = _filters(reader, question)
    if not filters:
        return None
    from searchkit.store.filter_sql import joined

    condition = joined("AND", [one.condition for one in filters if one.condition is not None])
    matches = next((one.matches for one in filters if one.matches is not None), None)
    return IdFilter(reader.allowed_ids(condition, matches))


def allowed_by_each(reader: Reader, question: Question) -> Mapping[str, IdFilter]:
    """The chunks that each filter lets through on its own, by the text of the filter."""
    if not isinstance(reader, StoreReader):
        return reader.allowed_by_each(question)
    return {one.text: IdFilter(reader.allowed_ids(one.condition, one.matches)) for one in _filters(reader, question)}


def conditions_of(reader: Reader, question: Question) -> tuple[Condition, ...]:
    """The filters of a question, each with what it lets through on its own."""
    return tuple(Condition(text, len(allowed)) for text, allowed in allowed_by_each(reader, question).items())


def _filters(reader: StoreReader, question: Question) -> list[_Filter]:
    if question.where is None and question.path is None and question.since is None:
        return []  # without loading what reads a filter
    from searchkit.store.filters import compile_filter, path_matcher
    from searchkit.store.since import modified_since

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
    return filters
