"""The first candidates judged again by a model that reads query and passage together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from searchkit.errors import InputError, ShapeError
from searchkit.search.asking.ranking import Ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.search.backend import Reader
    from searchkit.types import Ids

RERANKED = 50  # candidates that are judged again; the others follow in their order


class Reranker(Protocol):
    """Judges how well passages answer a query; `searchkit.encoder.CrossEncoder` is one.

    Attributes:
        name: what to show.
    """

    @property
    def name(self) -> str: ...

    def scores(self, query: str, passages: Sequence[str]) -> NDArray[np.floating]:
        """(n,) finite numbers, higher is better; they are compared within one query alone."""
        ...


class Rerankers:
    """Loads a reranker when it is first asked for, and keeps it."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._loaded: dict[str, Reranker] = {}
        self._guard = threading.Lock()

    def get(self, wanted: str | Path | Reranker | None) -> Reranker | None:
        """The reranker itself, or the cross-encoder of that name or folder.

        Raises:
            InputError: it is none of these.
            CheckpointError: there is none here, or it is no cross-encoder.
            MissingExtraError: it needs torch, which is not installed.
        """
        if not isinstance(wanted, str | Path):
            if wanted is not None and not hasattr(wanted, "scores"):
                raise InputError(f"rerank is {wanted!r}; expected a cross-encoder by name or folder, or a Reranker")
            return wanted
        with self._guard:
            if str(wanted) not in self._loaded:
                from searchkit.encoder import CrossEncoder

                self._loaded[str(wanted)] = CrossEncoder.load(wanted, device=self._device)
            return self._loaded[str(wanted)]


def judged(reader: Reader, reranker: Reranker, query: str, candidates: Ids) -> Ranking:
    """The candidates (n,) in the order of the reranker, which sees of each what was embedded: headings and text.

    Raises:
        ShapeError: the reranker gives anything but a finite number for each.
    """
    from searchkit.search.indexing.reencode import passage_of

    rows = reader.chunk_rows(np.sort(candidates))
    scores = np.asarray(reranker.scores(query, [passage_of(rows[chunk_id]) for chunk_id in candidates.tolist()]))
    if scores.shape != (len(candidates),) or not np.isfinite(scores).all():
        raise ShapeError(
            f"reranker {reranker.name} gave scores of shape {scores.shape} for {len(candidates)} passages; expected a "
            "finite number for each"
        )
    return Ranking.of(candidates, scores)
