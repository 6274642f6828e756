"""A map from the graph of neighbours with numpy alone: neighbours draw each other near, everything else pushes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.insight.neighbours import NeighbourGraph

    Places = NDArray[np.float32]  # (N, 2) or (N, 3)
    Coordinates = NDArray[np.float32]  # (2, N) or (3, N): an axis at a time is quicker

ROUNDS = 600
_EARLY_ROUNDS, _EARLY_PULL = 100, 4.0  # first the large shape, neighbours drawn harder
_STEP, _MOMENTUM = 0.2, 0.8
_DRAWN, _PUSH = 10, 80.0  # rows drawn for each row a round, and how hard they push together
_JITTER = 0.01


def neighbour_layout(graph: NeighbourGraph, first: Places, *, seed: int = 0, rounds: int = ROUNDS) -> Places:
    """The place of every row, centred; the unit is arbitrary.

    The loss is UMAP's with t-SNE's kernel q = 1 / (1 + d^2): a row and its neighbour cost -log(q / (q + 1)), a row
    and any other -log(1 - q / (q + 1)), of which a few are drawn each round. All rows move at once, with momentum and
    ever smaller steps. Time O(N) a round.

    Args:
        graph: the neighbours of N rows.
        first: (N, 2) or (N, 3) where the rows begin.
        seed: of the draws.

    Damrich, Böhm, Hamprecht, Kobak 2023, "From t-SNE to UMAP with contrastive learning",
    https://arxiv.org/abs/2206.01816; McInnes, Healy, Melville 2018, "UMAP", https://arxiv.org/abs/1802.03426
    """
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(first))  # rows that follow each other are often alike, and would be pushed alike
    spread = first / max(float(first[:, 0].std()), 1e-12)
    places: Coordinates = np.ascontiguousarray(
        (spread + _JITTER * draw.standard_normal(first.shape))[order].T, np.float32
    )
    links = _Links.of(graph, order)
    speed = np.zeros_like(places)
    for number in range(rounds):
        pull = links.pull(places) * np.float32(_EARLY_PULL if number < _EARLY_ROUNDS else 1.0)
        step = np.float32(_STEP * (1 - number / rounds))
        speed *= np.float32(_MOMENTUM)
        speed += step * (_push(places, draw) - pull)
        places += speed
    placed: Places = np.empty(first.shape, np.float32)
    placed[order] = places.T
    placed -= placed.mean(axis=0)
    return placed


@dataclass(frozen=True, eq=False, slots=True)
class _Links:
    """(N, k) the neighbours of each row, rows counted in the order of the layout."""

    near: NDArray[np.int64]
    flat: NDArray[np.int64]
    weight: np.float32

    @classmethod
    def of(cls, graph: NeighbourGraph, order: NDArray[np.int64]) -> _Links:
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        near = position[graph.places[order]]
        return cls(near, near.ravel(), np.float32(1 / near.shape[1]))

    def pull(self, places: Coordinates) -> Coordinates:
        """What draws each row, by its neighbours and by those whose neighbour it is."""
        apart = [own[:, np.newaxis] - own[self.near] for own in places]
        force = self.weight / (2 + _squared(apart))
        pulled = np.empty_like(places)
        for axis, way in enumerate(apart):
            way *= force
            pulled[axis] = way.sum(axis=1) - np.bincount(self.flat, way.ravel(), places.shape[1])
        return pulled


def _push(places: Coordinates, draw: np.random.Generator) -> Coordinates:
    """What pushes each row away: others that are drawn for all rows at once, so many places further in the order."""
    pushed = np.zeros_like(places)
    rows = places.shape[1]
    for shift in draw.integers(0, rows, _DRAWN // 2).tolist():
        apart = [own - np.roll(own, shift) for own in places]
        squared = _squared(apart)
        force = np.float32(2 * _PUSH / _DRAWN) / ((2 + squared) * (1 + squared))
        for axis, way in enumerate(apart):
            way *= force
            pushed[axis] += way
            pushed[axis] -= np.roll(way, -shift)
    return pushed


def _squared(apart: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    squared = apart[0] * apart[0]
    for way in apart[1:]:
        squared += way * way
    return squared
