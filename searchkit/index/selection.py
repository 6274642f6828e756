"""Which rows of an index a search may return."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.index.contract import IdFilter, check_ascending
from searchkit.index.library import load_faiss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Ids


class Selection:
    """Some of the rows; each form of them is made when it is first needed."""

    def __init__(self, chosen: NDArray[np.bool_]) -> None:
        self.mask = chosen  # (N,)
        self.count = int(np.count_nonzero(chosen))

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """Where the rows stand, ascending."""
        return np.flatnonzero(self.mask)

    @cached_property
    def selector(self) -> Any:
        """What restricts a FAISS scan to them: one bit for each row of the index."""
        return load_faiss().IDSelectorBitmap(np.packbits(self.mask, bitorder="little"))


def select(ids: Ids, allowed: IdFilter | None, excluded: Ids | None) -> Selection | None:
    """Gives the rows of `ids` (ascending) that are allowed and not excluded; None when that is all of them.

    Raises:
        InputError, ShapeError: excluded ids that are no ascending int64 vector.
    """
    if excluded is not None:
        check_ascending(excluded, "excluded ids")
    if allowed is None and (excluded is None or not len(excluded)):
        return None
    chosen = np.full(len(ids), allowed is None)
    if allowed is not None:
        chosen[_positions_of(allowed.ids, ids)] = True
    if excluded is not None:
        chosen[_positions_of(excluded, ids)] = False
    return Selection(chosen)


def _positions_of(wanted: Ids, ids: Ids) -> NDArray[np.int64]:
    """Where the wanted ids that exist stand in `ids`; both ascending."""
    if not len(ids):
        return np.empty(0, np.int64)
    if ids[-1] - ids[0] == len(ids) - 1:  # nothing was ever deleted: the place follows from the id
        first, last = np.searchsorted(wanted, [ids[0], ids[-1] + 1])
        positions: NDArray[np.int64] = wanted[first:last] - ids[0]
        return positions
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    existing: NDArray[np.int64] = places[ids[places] == wanted]
    return existing
