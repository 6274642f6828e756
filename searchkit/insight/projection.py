"""Rows -> places on a map: two or three numbers a row, so that what is alike lies together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import InputError, MissingExtraError
from searchkit.insight.layout import neighbour_layout
from searchkit.insight.model import Tell
from searchkit.insight.neighbours import NeighbourGraph, neighbour_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.types import Rows

    Places = NDArray[np.float32]  # (N, 2) or (N, 3)

METHODS = ("tsne", "neighbours", "pca")
NEIGHBOURS = 15
MOST_BY_TSNE = 30_000  # rows, unless it is asked for: 10,000 take 41 s on two cores
FEWEST_WITH_NEIGHBOURS = 8  # rows; fewer lie as PCA puts them
_EARLY_ROUNDS, _LATE_ROUNDS, _EARLY_PULL = 250, 500, 12.0
_FIRST_SPREAD, _JITTER = 1e-4, 0.01  # equal rows must not stand on one spot, or nothing parts them
_INTERPOLATED_FROM = 5_000  # rows; below, Barnes and Hut's tree is quicker
_THREADED_FROM = 20_000  # rows; below, threads wait for each other longer than they work


def project(
    rows: Rows,
    dimensions: int = 2,
    *,
    method: str | None = None,
    seed: int = 0,
    tell: Tell = lambda _: None,
) -> Places:
    """The place of every row: (N, dimensions) float32; the unit is arbitrary.

    Args:
        rows: (N, D) float32 unit rows, N at least 1.
        dimensions: 2 or 3.
        method: ``tsne`` keeps neighbours together best (2 dimensions, needs openTSNE); ``neighbours`` needs nothing
            (see `layout`); ``pca`` shows the directions of largest variance. None: ``tsne`` where it can be had
            and takes about two minutes at most, otherwise ``neighbours``.
        seed: of the jitter and the draws.
        tell: called with a word on each stage.

    Raises:
        InputError: another method or number of dimensions.
        MissingExtraError: ``tsne`` without openTSNE.
    """
    method = projection_of(len(rows), dimensions, method)
    flat = pca(rows, dimensions)
    if method == "pca":
        return flat
    tell(f"finding the neighbours of {len(rows):,} chunks")
    graph = neighbour_graph(rows, min(NEIGHBOURS, len(rows) - 1))
    tell(f"placing {len(rows):,} chunks")
    return _tsne(graph, flat, seed) if method == "tsne" else neighbour_layout(graph, flat, seed=seed)


def projection_of(rows: int, dimensions: int, method: str | None) -> str:
    """The method that `project` uses for so many rows; the errors are its own."""
    from importlib.util import find_spec

    if dimensions not in (2, 3):
        raise InputError(f"a map has 2 or 3 dimensions, not {dimensions}")
    if method is not None and method not in METHODS:
        raise InputError(f"projection is {method!r}; expected one of {', '.join(METHODS)}")
    if method == "tsne" and dimensions == 3:
        raise InputError("tsne is for maps of 2 dimensions", hint="choose neighbours or pca")
    if rows < FEWEST_WITH_NEIGHBOURS:
        return "pca"
    if method is not None:
        return method
    return "tsne" if dimensions == 2 and rows <= MOST_BY_TSNE and find_spec("openTSNE") else "neighbours"


def pca(rows: Rows, dimensions: int) -> Places:
    """The coordinates of the rows along their directions of largest variance; the longer side is the positive one.

    Hotelling 1933, "Analysis of a complex of statistical variables into principal components",
    https://doi.org/10.1037/h0071325
    """
    centred = rows - rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))[1][:, ::-1][:, :dimensions]
    places = np.zeros((len(rows), dimensions), np.float32)
    places[:, : directions.shape[1]] = centred @ directions.astype(np.float32)
    places *= np.where(places.max(axis=0) >= -places.min(axis=0), 1, -1).astype(np.float32)
    return places


def _tsne(graph: NeighbourGraph, flat: Places, seed: int) -> Places:
    """t-SNE from PCA, each row drawn to its neighbours alike.

    van der Maaten, Hinton 2008, https://www.jmlr.org/papers/v9/vandermaaten08a.html; with interpolation, Linderman et
    al. 2019, https://doi.org/10.1038/s41592-018-0308-4; from PCA, Kobak, Berens 2019,
    https://doi.org/10.1038/s41467-019-13056-x; openTSNE: Poličar, Stražar, Zupan 2024,
    https://doi.org/10.18637/jss.v109.i03
    """
    try:
        from openTSNE import TSNEEmbedding
        from openTSNE.affinity import PrecomputedAffinities
    except ImportError as exc:
        raise MissingExtraError("openTSNE, which places chunks by their neighbours,", "map") from exc
    jitter = _JITTER * np.random.default_rng(seed).standard_normal(flat.shape)
    embedding = TSNEEmbedding(
        _FIRST_SPREAD * (flat / max(float(flat[:, 0].std()), 1e-12) + jitter),
        PrecomputedAffinities(_attractions(graph), normalize=True),
        negative_gradient_method="fft" if len(flat) >= _INTERPOLATED_FROM else "bh",
        n_jobs=_cores() if len(flat) >= _THREADED_FROM else 1,  # places do not depend on it
        random_state=seed,
    )
    embedding.optimize(n_iter=_EARLY_ROUNDS, exaggeration=_EARLY_PULL, momentum=0.8, inplace=True)
    embedding.optimize(n_iter=_LATE_ROUNDS, momentum=0.8, inplace=True)
    places: Places = np.asarray(embedding, np.float32)
    places -= places.mean(axis=0)
    return places


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _attractions(graph: NeighbourGraph) -> Any:
    from scipy.sparse import coo_matrix

    count, k = graph.places.shape
    own = np.repeat(np.arange(count), k)
    one_way = coo_matrix((np.ones(count * k), (own, graph.places.ravel())), shape=(count, count)).tocsr()
    return one_way + one_way.T
