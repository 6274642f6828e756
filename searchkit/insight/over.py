"""Topics over a field of the documents: over time, over folders, over anything that metadata say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from searchkit.errors import FilterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.insight.model import Topics
    from searchkit.search import SearchEngine
    from searchkit.search.corpus import Corpus
    from searchkit.types import MetadataValue

Value: TypeAlias = "bool | int | float | str"
FOLDER = "folder"  # of the file; a metadata field of that name comes before it
MOST_PERIODS = 24
MOST_VALUES = 20
OTHER = "other"
_RANGES = 12
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2}.*)?")
_PRECISIONS = (10, 7, 4)  # characters of a day, a month, a year


@dataclass(frozen=True, eq=False, slots=True)
class TopicsOver:
    """How many chunks of each topic have each value.

    Attributes:
        field: its name.
        values: periods, numbers and ranges ascending; names by number of chunks, ``other`` last.
        counts: (K + 1, V) int64; row 0 for chunks without a topic.
        without: chunks whose document has no such field.
    """

    field: str
    values: tuple[str, ...]
    counts: NDArray[np.int64]
    without: int


def topics_over(engine: SearchEngine, topics: Topics, field: str) -> TopicsOver:
    """The topics over a field: ``modified``, ``folder``, or any name of the metadata.

    Dates are gathered by day, month or year, numbers into ranges and rare names under ``other`` where they would be
    too many. A chunk whose field is a list counts under each element.

    Raises:
        FilterError: no document has such a field, or a value for it; the hint lists those that there are.
    """
    with engine.corpus() as corpus:
        found = dict(zip(corpus.layout.ids.tolist(), _values_of(corpus, field), strict=True))
        known = corpus.metadata_fields()
    of_chunks = [_as_list(found.get(chunk_id)) for chunk_id in topics.ids.tolist()]
    if not any(of_chunks):
        raise FilterError(f"no document has a value for {field!r}", hint=f"metadata: {', '.join(known) or 'none'}")
    names, order = _columns([value for values in of_chunks for value in values])
    columns = {name: column for column, name in enumerate(order)}
    counts = np.zeros((len(topics.topics) + 1, len(order)), np.int64)
    for number, values in zip(topics.members.tolist(), of_chunks, strict=True):
        for column in {columns[names[value]] for value in values}:
            counts[number, column] += 1
    return TopicsOver(field, tuple(order), counts, sum(not values for values in of_chunks))


def _values_of(corpus: Corpus, field: str) -> Sequence[MetadataValue]:
    if field == FOLDER and FOLDER not in corpus.metadata_fields():
        return _folders(corpus.field_values("path"))
    try:
        return corpus.field_values(field)
    except FilterError as error:
        raise FilterError(error.message, hint=f"{error.hint}, {FOLDER}") from None


def _folders(paths: Sequence[MetadataValue]) -> list[MetadataValue]:
    """The folder of each path, as deep as there are not too many of them."""
    parts = [str(path).split("/")[:-1] if path is not None else None for path in paths]
    chosen = [None if part is None else part[:1] for part in parts]
    for depth in range(2, max((len(part) for part in parts if part), default=0) + 1):
        deeper = [None if part is None else part[:depth] for part in parts]
        if len({tuple(part) for part in deeper if part is not None}) > MOST_VALUES:
            break
        chosen = deeper
    return [None if part is None else "/".join(part) or "." for part in chosen]


def _as_list(value: MetadataValue) -> list[Value]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, bool | int | float | str) and one != ""]


def _columns(values: Sequence[Value]) -> tuple[dict[Value, str], list[str]]:
    """The name that each value has in the table, and all names in order."""
    different = set(values)
    if different and all(isinstance(value, str) and _DATE.fullmatch(value) for value in different):
        return _periods({str(value) for value in different})
    if different and all(isinstance(value, int | float) and not isinstance(value, bool) for value in different):
        return _ranges({value for value in different if not isinstance(value, str)})
    counts = Counter(map(str, values))
    kept = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_VALUES]
    names = {value: str(value) if str(value) in kept else OTHER for value in different}
    return names, [*(name for name in kept if name != OTHER), OTHER] if len(counts) > len(kept) else kept


def _periods(different: set[str]) -> tuple[dict[Value, str], list[str]]:
    for length in _PRECISIONS:
        names: dict[Value, str] = {value: value[:length] for value in different}
        if len(set(names.values())) <= MOST_PERIODS:
            break
    return names, sorted(set(names.values()))


def _ranges(different: set[int | float]) -> tuple[dict[Value, str], list[str]]:
    ordered = sorted(different)  # as they are: as floats, long numbers such as ids would fall together
    if len(ordered) <= MOST_PERIODS:
        names: dict[Value, str] = {value: str(int(value)) if value == int(value) else repr(value) for value in ordered}
        return names, [names[value] for value in ordered]
    edges = np.linspace(ordered[0], ordered[-1], _RANGES + 1)
    titles = [f"{low:g} to {high:g}" for low, high in pairwise(edges.tolist())]
    places = np.minimum(np.searchsorted(edges, np.array(ordered, float), side="right") - 1, _RANGES - 1)
    return {value: titles[place] for value, place in zip(ordered, places.tolist(), strict=True)}, titles
