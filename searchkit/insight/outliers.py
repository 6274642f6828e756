"""Chunks that are like no other: junk, strays, and now and then the one thing that nobody else wrote about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.insight.model import Passage
from searchkit.insight.neighbours import neighbour_graph
from searchkit.insight.passages import passage_of
from searchkit.insight.topics import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search import SearchEngine
    from searchkit.types import Rows

NEIGHBOURS = 10
LISTED = 100
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Outliers:
    """The chunks that stand most alone.

    Attributes:
        chunks: looked at.
        typical: the median over all chunks of the mean cosine with their nearest ten.
        fence: 1.5 interquartile ranges below the first quartile of it.
        below: chunks below the fence.
        passages: those, the most alone first, at most as many as were asked for; each with its mean cosine.
    """

    chunks: int
    typical: float
    fence: float
    below: int
    passages: tuple[Passage, ...]


def find_outliers(engine: SearchEngine, *, most: int = LISTED) -> Outliers:
    """The chunks whose mean cosine with their ten nearest others lies far below the usual.

    Up to 20,000 chunks all pairs are compared; of more, a graph of neighbours names the candidates, and those that
    are shown are compared with all.

    Raises:
        InputError: an index without chunks.

    Mean distance to the nearest: Angiulli, Pizzuti 2002, "Fast Outlier Detection in High Dimensional Spaces",
    https://doi.org/10.1007/3-540-45681-3_2; the fence: Tukey 1977, "Exploratory Data Analysis", section 2D
    """
    with engine.corpus() as corpus:
        rows = rows_of(corpus)
        if len(rows) == 1:
            return Outliers(1, 1.0, 1.0, 0, ())
        k = min(NEIGHBOURS, len(rows) - 1)
        graph = neighbour_graph(rows, k)
        nearness = graph.cosines.mean(axis=1, dtype=np.float64)
        low, typical, high = np.quantile(nearness, [0.25, 0.5, 0.75]).tolist()
        fence = low - 1.5 * (high - low)
        alone = np.argsort(nearness, kind="stable")[: max(most, 2 * LISTED)]
        if not graph.is_exact:
            nearness[alone] = _exact_nearness(rows, alone, k)
            alone = alone[np.argsort(nearness[alone], kind="stable")]
        shown = [place for place in alone.tolist() if nearness[place] < fence][:most]
        chunks = corpus.chunks(corpus.layout.ids[shown])
        passages = tuple(map(passage_of, chunks, nearness[shown].tolist()))
        return Outliers(len(rows), typical, fence, int((nearness < fence).sum()), passages)


def _exact_nearness(rows: Rows, places: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    nearness = np.empty(len(places))
    for first in range(0, len(places), _BLOCK):
        own = places[first : first + _BLOCK]
        cosines = rows[own] @ rows.T
        cosines[np.arange(len(own)), own] = -np.inf
        nearest = np.partition(cosines, -k, axis=1)[:, -k:]
        nearness[first : first + _BLOCK] = nearest.mean(axis=1, dtype=np.float64)
    return nearness
