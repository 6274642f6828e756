"""How an embedding space is filled: alignment, uniformity, effective rank, hubness.

Everything is computed by blocks of rows: memory is O(N) beside the rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchkit.errors import EvaluationError, InputError, ShapeError
from searchkit.evaluation.sts_set import StsSet, distinct_sentences
from searchkit.index import exact_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchkit.encoder import Encoder
    from searchkit.types import Rows

BLOCK_ROWS = 1024
POSITIVE_ABOVE = 4.0  # of 5: the pairs that the SimCSE paper takes as positives
HUB_NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class SpaceReport:
    """The state of an encoder's space on the sentences of a similarity task.

    Attributes:
        alignment: mean squared distance of positive pairs, 0 to 4; lower is better.
        uniformity: lower is better; about -4 + 8/D for an even sphere, 0 for a single point.
        effective_rank: how many dimensions are in use, 1 to D.
        hubness: skewness of how often a sentence is among the nearest of others; near 0 without hubs.
        sentences, positives: how many distinct sentences, and pairs above the score.
    """

    alignment: float
    uniformity: float
    effective_rank: float
    hubness: float
    sentences: int
    positives: int


def evaluate_space(encoder: Encoder, task: StsSet, *, positive_above: float = POSITIVE_ABOVE) -> SpaceReport:
    """Measure a space as the SimCSE paper does on STS-B: positives score above 4, data are all sentences.

    Each distinct sentence counts once; both sides are encoded as queries.

    Raises:
        EvaluationError: no pair scores above ``positive_above``.
    """
    sentences = distinct_sentences(task)
    places = {text: place for place, text in enumerate(sentences)}
    positives = [pair for pair in task.pairs if pair.score > positive_above]
    if not positives:
        raise EvaluationError(f"{task.name} has no pair with a score above {positive_above:g}")
    rows = encoder.encode_queries(sentences)
    first = rows[[places[pair.sentence1] for pair in positives]]
    second = rows[[places[pair.sentence2] for pair in positives]]
    return SpaceReport(
        alignment(first, second), uniformity(rows), effective_rank(rows), hubness(rows), len(rows), len(positives)
    )


def alignment(first: Rows, second: Rows) -> float:
    """Mean squared Euclidean distance between the two rows of each positive pair.

    Args:
        first: (N, D) unit rows.
        second: (N, D), row i for row i of ``first``.

    Raises:
        ShapeError: shapes differ or there are no rows.

    Wang, Isola 2020, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere", https://arxiv.org/abs/2005.10242
    """
    if first.ndim != 2 or first.shape != second.shape or not len(first):
        raise ShapeError(f"shapes are {first.shape} and {second.shape}; expected two equal (N, D), N at least 1")
    return float(np.mean(np.sum((first.astype(np.float64) - second) ** 2, axis=1)))


def uniformity(rows: Rows, *, t: float = 2.0) -> float:
    """Log of the mean of exp(-t |x - y|^2) over all pairs of different rows.

    Args:
        rows: (N, D) unit rows, N at least 2.
        t: scale of the Gaussian potential.

    Returns:
        0 when all rows are one point; about -4 + 8/D when they fill the sphere evenly (t = 2).

    Wang, Isola 2020, with the Gaussian potential of that paper, https://arxiv.org/abs/2005.10242
    """
    wide = _checked(rows)
    total = 0.0
    for first in range(0, len(wide), BLOCK_ROWS):
        block = wide[first : first + BLOCK_ROWS]
        for start in range(0, first + 1, BLOCK_ROWS):
            potential = np.exp(-2 * t * np.maximum(0.0, 1 - block @ wide[start : start + BLOCK_ROWS].T))
            if start < first:
                total += 2 * float(potential.sum())
            else:  # every pair of the block twice, and each row with itself
                total += float(potential.sum() - np.trace(potential))
    return float(np.log(total / (len(wide) * (len(wide) - 1))))


def effective_rank(rows: Rows) -> float:
    """Exponential of the entropy of the normalised singular values: how many dimensions the rows make use of.

    Args:
        rows: (N, D), taken as they are, not centred.

    Returns:
        1 for rows on one line, up to min(N, D) when all singular values are equal.

    Roy, Vetterli 2007, "The Effective Rank: a Measure of Effective Dimensionality", EUSIPCO,
    https://ieeexplore.ieee.org/document/7098875
    """
    wide = _checked(rows)
    gram = np.zeros((wide.shape[1], wide.shape[1]))
    for first in range(0, len(wide), BLOCK_ROWS):
        block = wide[first : first + BLOCK_ROWS]
        gram += block.T @ block
    eigenvalues = np.linalg.eigvalsh(gram)
    # below this they are rounding of zeros, and their roots would count as dimensions
    singular = np.sqrt(eigenvalues[eigenvalues > eigenvalues[-1] * np.finfo(np.float64).eps * len(gram)])
    share = singular / singular.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def hubness(rows: Rows, *, k: int = HUB_NEIGHBOURS) -> float:
    """Skewness of the number of times a row is among the ``k`` nearest of another; large with hubs.

    Args:
        rows: (N, D) unit rows, N above k.
        k: neighbours of each row, itself left out; ties by position.

    Returns:
        0 where all rows are neighbours equally often.

    Radovanović, Nanopoulos, Ivanović 2010, "Hubs in Space", https://jmlr.org/papers/v11/radovanovic10a.html
    """
    _checked(rows)
    if not 1 <= k < len(rows):
        raise InputError(f"k is {k}, expected 1 to {len(rows) - 1} for {len(rows)} rows")
    ids = np.arange(len(rows), dtype=np.int64)
    occurrences = np.zeros(len(rows))
    for first in range(0, len(rows), BLOCK_ROWS):
        own = ids[first : first + BLOCK_ROWS]
        near = exact_scores(rows[own], ids, rows, k + 1).ids
        others = near != own[:, np.newaxis]
        others[others.all(axis=1), -1] = False  # among many equal rows a row may not meet itself
        occurrences += np.bincount(near[others], minlength=len(rows))
    centred = occurrences - k
    variance = float(np.mean(centred**2))
    return float(np.mean(centred**3)) / variance**1.5 if variance else 0.0


def _checked(rows: Rows) -> NDArray[np.float64]:
    if rows.ndim != 2 or len(rows) < 2:
        raise ShapeError(f"rows have shape {rows.shape}; expected (N, D), N at least 2")
    return rows.astype(np.float64)
