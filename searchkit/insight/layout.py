"""A map from the graph of neighbours with numpy alone: neighbours draw each other near, everything else pushes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.insight.neighbours import NeighbourGraph

    Places = NDArray[np.float32]  # (N, 2) or (N, 3)

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
    links = _Links.of(graph)
    spread = first / max(float(first[:, 0].std()), 1e-12)
    places: Places = (spread + _JITTER * draw.standard_normal(first.shape)).astype(np.float32)
    speed: Places = np.zeros_like(places)
    for number in range(rounds):
        pull = links.pull(places) * np.float32(_EARLY_PULL if number < _EARLY_ROUNDS else 1.0)
        step = np.float32(_STEP * (1 - number / rounds))
        speed *= np.float32(_MOMENTUM)
        speed += step * (_push(places, draw) - pull)
        places += speed
    places -= places.mean(axis=0)
    return places


@dataclass(frozen=True, eq=False, slots=True)
class _Links:
    """Neighbours in both directions, ordered by row: those of row i are others[starts[i]:starts[i + 1]]."""

    rows: NDArray[np.int64]
    others: NDArray[np.int64]
    starts: NDArray[np.int64]
    weight: np.float32

    @classmethod
    def of(cls, graph: NeighbourGraph) -> _Links:
        count, k = graph.places.shape
        own, near = np.repeat(np.arange(count), k), graph.places.ravel()
        rows, others = np.concatenate([own, near]), np.concatenate([near, own])
        order = np.argsort(rows, kind="stable")
        return cls(rows[order], others[order], np.searchsorted(rows[order], np.arange(count)), np.float32(1 / (2 * k)))

    def pull(self, places: Places) -> Places:
        apart = places[self.rows] - places[self.others]
        squared = np.einsum("nd,nd->n", apart, apart)
        apart *= (2 * self.weight / (2 + squared))[:, np.newaxis]
        pulled: Places = np.add.reduceat(apart, self.starts, axis=0)
        return pulled


def _push(places: Places, draw: np.random.Generator) -> Places:
    pushed = np.zeros_like(places)
    for _ in range(_DRAWN):
        apart = places - places[draw.integers(0, len(places), len(places))]
        squared = np.einsum("nd,nd->n", apart, apart)
        apart *= (2 * _PUSH / _DRAWN / ((2 + squared) * (1 + squared)))[:, np.newaxis]
        pushed += apart
    return pushed
