"""What topics are: data that travels between finding, keeping, showing and drawing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from searchkit.insight.number import Tried
    from searchkit.insight.ward import Merge
    from searchkit.types import Ids, Rows

NO_TOPIC = 0
DUPLICATE_COSINE = 0.95  # with the bundled encoder such texts differ in a number, a name or the spacing
HEALTH_SAMPLE = 10_000  # chunks
Tell = Callable[[str], None]  # called with a word on each stage of long work


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as it is shown, with the cosine that it is shown for.

    For a topic that is the one with the centre, for a duplicate the one with the other chunk, for an outlier the mean
    of those with its nearest.
    """

    chunk_id: int
    doc_id: str
    path: str | None
    title: str
    line_start: int | None
    page: int | None
    text: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Topic:
    """A group of chunks about one thing.

    Attributes:
        number: from 1, the largest topic first.
        label: a few words; ``topic N`` where its texts share none.
        phrases: up to ten, the most telling first.
        size: chunks.
        central: the chunks nearest to its centre.
    """

    number: int
    label: str
    phrases: tuple[str, ...]
    size: int
    central: tuple[Passage, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Topics:
    """The topics of a corpus.

    Attributes:
        topics: K of them.
        ids: (N,) the chunks, in an order that their texts alone decide.
        members: (N,) the number of each chunk's topic; 0 for a chunk that fits none.
        centres: (K, D) float32 unit rows.
        least: (K,) float32, the lowest cosine with the centre that still belongs to the topic.
        tree: how topics join, the most alike first: topic i is leaf i - 1.
        method: ``kmeans`` or ``density``.
        tried: numbers of topics that were compared; empty where the number was given or follows from the density.
        fingerprint: of the encoder.
    """

    topics: tuple[Topic, ...]
    ids: Ids
    members: NDArray[np.int64]
    centres: Rows
    least: NDArray[np.float32]
    tree: tuple[Merge, ...]
    method: str
    tried: tuple[Tried, ...]
    fingerprint: str

    @property
    def outliers(self) -> int:
        """How many chunks fit no topic."""
        return int((self.members == NO_TOPIC).sum())
