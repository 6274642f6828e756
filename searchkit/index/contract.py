"""What every kind of index promises, and the checks at its door.

Scores are cosines: stored rows have unit length, queries are normalised here. Higher is better; equal scores
rank by chunk id, at the cut too. A result has k columns; missing places hold id -1 and score -inf.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np

from searchkit.errors import InputError, ShapeError
from searchkit.index.halves import widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids, Rows

StoredRows: TypeAlias = "NDArray[np.float32] | NDArray[np.float16]"  # (N, D) of unit length
Batch: TypeAlias = "tuple[Ids, StoredRows]"  # (N,) and (N, D)

NO_ID = -1
UNIT_TOLERANCE = 0.01  # a unit row rounded to float16 is off by at most 0.0005


class Neighbours(NamedTuple):
    """The nearest chunks of each query, best first."""

    scores: Rows  # (Q, k)
    ids: Ids  # (Q, k)


@dataclass(frozen=True, eq=False)
class IdFilter:
    """The only chunk ids that may be returned; ids that the index does not hold are ignored.

    Args:
        ids: (M,) int64, strictly ascending; `IdFilter.of` makes it from any integers.
    """

    ids: Ids

    def __post_init__(self) -> None:
        check_ascending(self.ids, "allowed ids")

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: Iterable[int]) -> IdFilter:
        return cls(np.unique(np.fromiter(ids, dtype=np.int64)))


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """How an index answers.

    Attributes:
        count: its chunks.
        kind: one of ``KINDS``.
        target_recall: what it was tuned to; 1 for exact.
        ann_recall: the share of the true 10 nearest that it found when it was made, for queries drawn from its own
            rows; 1 for exact.
        parameters: what the tuning chose, by name.
    """

    count: int
    kind: str = "exact"
    target_recall: float = 1.0
    ann_recall: float = 1.0
    parameters: Mapping[str, int] = field(default_factory=dict)


class VectorIndex(Protocol):
    """An index over unit rows. It never changes once built; searching is safe from many threads."""

    @property
    def kind(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def count(self) -> int: ...

    @property
    def ids(self) -> Ids:
        """(N,) int64: the chunks it holds, ascending."""
        ...

    @property
    def facts(self) -> IndexFacts: ...

    def search(
        self, queries: Rows, k: int, *, allowed: IdFilter | None = None, excluded: Ids | None = None
    ) -> Neighbours:
        """Gives the k nearest chunks of each query among those allowed and not excluded.

        Args:
            queries: (Q, D) float32 of any length but zero.
            k: places wanted, at least 1; may exceed the count.
            allowed: the filter acts before the cut: k chunks come back whenever k are allowed.
            excluded: (M,) int64, strictly ascending: chunks removed since the index was built.

        Raises:
            InputError: k below 1, or a query without direction (zero or not finite).
            ShapeError: queries that are not (Q, D) floats.
        """
        ...


def check_k(k: int) -> int:
    """Gives k when it is a count of places."""
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise InputError(f"k is {k!r}; expected a whole number of at least 1")
    if k < 1:
        raise InputError(f"k is {k}; expected at least 1")
    return int(k)


def check_ascending(ids: Ids, what: str) -> None:
    """Refuses ids that are not a strictly ascending int64 vector."""
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or ids.dtype != np.int64:
        found = f"{ids.dtype} of shape {ids.shape}" if isinstance(ids, np.ndarray) else type(ids).__name__
        raise ShapeError(f"{what} are {found}; expected an int64 vector")
    if len(ids) and (ids[0] < 0 or bool((ids[1:] <= ids[:-1]).any())):
        raise InputError(f"{what} are not ascending, different and at least 0")


def unit_queries(queries: Rows, dimension: int) -> Rows:
    """Gives the queries with unit length, (Q, D) float32, each made from its own row alone."""
    _check_floats(queries, dimension, "queries")
    wide = queries.astype(np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    usable = np.isfinite(lengths) & (lengths > 0)
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        raise InputError(f"query {row} has length {lengths[row, 0]}; expected a finite vector that is not zero")
    unit: Rows = (wide / lengths).astype(np.float32)
    return unit


def check_batch(ids: Ids, rows: StoredRows, dimension: int) -> None:
    """Refuses a batch that is not (N,) ascending ids with (N, D) finite unit rows."""
    check_ascending(ids, "chunk ids")
    _check_floats(rows, dimension, "rows")
    if len(ids) != len(rows):
        raise ShapeError(f"{len(ids)} ids came with {len(rows)} rows; expected one id a row")
    wide = widened(rows)
    squared = np.einsum("nd,nd->n", wide, wide)
    unit = np.abs(squared - 1) <= 2 * UNIT_TOLERANCE  # False for NaN
    if not unit.all():
        bad = int(np.flatnonzero(~unit)[0])
        length = float(np.sqrt(squared[bad]))
        raise InputError(f"the row of chunk {int(ids[bad])} has length {length:.4g}; expected unit length")


def _check_floats(array: StoredRows, dimension: int, what: str) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise ShapeError(f"{what} are {found}; expected a float32 array")
    if array.ndim != 2 or array.shape[1] != dimension:
        raise ShapeError(f"{what} have shape {array.shape}; expected (any, {dimension})")
