"""The filters of a question as one expression, and what it lets through."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import FilterError, InputError
from searchkit.index import IdFilter
from searchkit.scale.milvus.expressions import NOTHING, both, expression_of, since_expression
from searchkit.scale.milvus.rows import partition_of
from searchkit.store.filters.since import moment_since
from searchkit.store.filters.sql import number_in
from searchkit.store.filters.tree import AllOf, Comparison, Condition, Operator
from searchkit.store.filters.where import condition_of, path_matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from searchkit.scale.milvus.note import Note
    from searchkit.scale.milvus.server import Collection
    from searchkit.search.question import Question
    from searchkit.types import Ids

MOST_SOURCES = 20_000  # files that one expression names


class RemoteFilter(IdFilter):
    """An expression and how many chunks meet it; their ids are fetched when they are asked for."""

    def __init__(self, collection: Collection, expression: str, last_id: int) -> None:
        self._collection, self._last_id = collection, last_id
        self.expression = expression

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return self._collection.count(self.expression)

    @cached_property
    def ids(self) -> Ids:
        rows = self._collection.all_rows(self.expression, ["chunk_id"], 0, self._last_id)
        return np.array(sorted(row["chunk_id"] for row in rows), dtype=np.int64)


def expression_in(allowed: IdFilter | None) -> str:
    """The expression of a filter; "" for none."""
    return allowed.expression if isinstance(allowed, RemoteFilter) else ""


class FilterReader:
    """Reads filters for one state of a collection; what the files are called is asked of the server once."""

    def __init__(self, collection: Collection, note: Note) -> None:
        self._collection, self._note = collection, note

    def of(self, question: Question) -> dict[str, str]:
        """The expression of each filter of the question, by its text.

        Raises:
            FilterError, InputError: as for an index here, and for what a server cannot be asked.
        """
        if question.topic or question.within is not None:
            what = "topics are" if question.topic else "places on disk are"
            raise InputError(
                f"{what} not known to {self._collection.address}", hint="ask the index that it was pushed from"
            )
        found = {}
        if question.where is not None:
            where = question.where
            written = where if isinstance(where, str) else json.dumps(dict(where), default=str)
            found[f"where {written}"] = self._where(where)
        if question.path is not None:
            found[f"path {question.path}"] = self._path(path_matcher(question.path))
        if question.since is not None:
            moment = moment_since(question.since, datetime.now(timezone.utc))
            found[f"since {question.since}"] = since_expression(moment)
        return found

    def _where(self, where: str | Mapping[str, object]) -> str:
        expression = expression_of(where, self._note, self._collection.version)
        partitions = _partitions(condition_of(where), self._note.partition_key)
        if partitions is None:
            return expression
        return both(f"partition in {json.dumps(partitions, ensure_ascii=False)}", expression)

    def _path(self, matches: Callable[[str], bool]) -> str:
        inside = [number for number, path in self._files if matches(path)]
        outside = len(self._files) - len(inside)
        if min(len(inside), outside) > MOST_SOURCES:
            raise FilterError(
                f"the path glob matches {len(inside):,} of {len(self._files):,} files; at most {MOST_SOURCES:,} are "
                "named to a server",
                hint="narrow it, or filter by metadata: --where",
            )
        if not inside:
            return NOTHING
        if len(inside) <= outside or outside > MOST_SOURCES:
            return f"source_id in {inside}"
        known = set(inside)
        others = [number for number, _ in self._files if number not in known]
        return both("source_id >= 0", *([f"source_id not in {others}"] if others else []))

    @cached_property
    def _files(self) -> list[tuple[int, str]]:
        rows = self._collection.all_rows("opens_source == true", ["source_id", "path"], 0, self._note.last_id)
        return sorted((int(row["source_id"]), row["path"]) for row in rows)


def _partitions(condition: Condition, key: str | None) -> list[str] | None:
    """The partitions outside of which nothing meets the condition; None where that cannot be told.

    Lists lie in the partition "". Numbers may be stored as a text that is written in another way, so only texts that
    are neither numbers nor truths tell.
    """
    if key is None:
        return None
    for part in condition.parts if isinstance(condition, AllOf) else (condition,):
        if not isinstance(part, Comparison) or part.operator is not Operator.EQUAL or part.field.parts != (key,):
            continue
        texts = [value for value in part.values if isinstance(value, str)]
        if len(texts) == len(part.values) and all(number_in(text) is None for text in texts):
            return [*dict.fromkeys(map(partition_of, texts)), ""]
    return None
