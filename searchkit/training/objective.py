"""What training minimises: pure functions of embeddings, in nats, gradients included.

Every loss normalises its rows itself, so a model may hand over embeddings of any length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from searchkit.errors import InputError, ShapeError

if TYPE_CHECKING:
    from torch import Tensor

    EmbeddingLoss = Callable[..., Tensor]  # embeddings, each (B, D) -> scalar


def info_nce(
    anchors: Tensor,
    positives: Tensor,
    hard: Tensor | None = None,
    *,
    temperature: float = 0.05,
    alpha: float = 1.0,
    symmetric: bool = False,
) -> Tensor:
    """Contrastive loss that pulls each anchor to its positive and away from the rest of the batch.

    Args:
        anchors: (B, D) float embeddings of any length; normalised here.
        positives: (B, D), row i for anchor i. Unsupervised SimCSE: the same text under another dropout mask.
        hard: (B, D) hard negatives, row i mined for anchor i and seen by the whole batch, or None.
        temperature: tau, unitless, > 0.
        alpha: weight of an anchor's own hard negative in the denominator, > 0; 1 treats it like the others.
        symmetric: add the same loss from positives to anchors and halve the sum. SimCSE uses one direction.

    Returns:
        Scalar mean loss in nats; log(B), or log(2B) with ``hard``, when all embeddings are alike.

    Raises:
        ShapeError: row counts or dimensions differ.
        InputError: ``temperature`` or ``alpha`` is not positive.

    Gao, Yao, Chen 2021, "SimCSE", sections 3 and 4, https://arxiv.org/abs/2104.08821
    """
    import torch
    from torch.nn.functional import cross_entropy

    check_same_shape(anchors, positives, hard)
    _check_positive(temperature=temperature, alpha=alpha)
    labels = torch.arange(len(anchors), device=anchors.device)
    similarity = _cosines(anchors, positives) / temperature  # (B, B); row i's positive is column i
    logits = similarity
    if hard is not None:
        own = torch.eye(len(anchors), device=anchors.device) * math.log(alpha)
        logits = torch.cat([similarity, _cosines(anchors, hard) / temperature + own], dim=1)  # (B, 2B)
    loss = cross_entropy(logits, labels)
    return (loss + cross_entropy(similarity.T, labels)) / 2 if symmetric else loss


def triplet_loss(anchors: Tensor, positives: Tensor, negatives: Tensor, *, margin: float = 0.5) -> Tensor:
    """Mean of ``max(0, |x - x+|^2 - |x - x-|^2 + margin)`` over unit vectors.

    Args:
        anchors, positives, negatives: (B, D) float embeddings, row by row; normalised here.
        margin: m, in squared Euclidean distance. On unit vectors it asks for a cosine gap of m/2.

    Raises:
        ShapeError: row counts or dimensions differ.

    Schroff, Kalenichenko, Philbin 2015, "FaceNet", https://arxiv.org/abs/1503.03832
    """
    check_same_shape(anchors, positives, negatives)
    anchors, positives, negatives = map(_unit, (anchors, positives, negatives))
    to_positive = (anchors - positives).square().sum(dim=1)  # (B,)
    to_negative = (anchors - negatives).square().sum(dim=1)
    return (to_positive - to_negative + margin).clamp(min=0).mean()


def cosent(left: Tensor, right: Tensor, scores: Tensor, *, temperature: float = 0.05) -> Tensor:
    """Ranking loss for scored pairs: a pair with the higher score should have the higher cosine.

    ``log(1 + sum exp((cos_j - cos_i) / temperature))`` over all i, j with ``scores[i] > scores[j]``.

    Args:
        left, right: (B, D) float embeddings, row i a pair; normalised here.
        scores: (B,) gold scores on any scale; only their order matters.
        temperature: tau, unitless, > 0.

    Su 2022, "CoSENT", https://kexue.fm/archives/8847
    """
    import torch

    check_same_shape(left, right)
    if scores.shape != (len(left),):
        raise ShapeError(f"scores have shape {tuple(scores.shape)}, expected ({len(left)},): one score a pair")
    _check_positive(temperature=temperature)
    cosines = (_unit(left) * _unit(right)).sum(dim=1) / temperature  # (B,)
    differences = cosines[None, :] - cosines[:, None]  # [i, j] = cos_j - cos_i
    wrong_way = differences[scores[:, None] > scores[None, :]]
    return torch.logsumexp(torch.cat([wrong_way.new_zeros(1), wrong_way]), dim=0)


def distillation(learnt: Tensor, taught: Tensor) -> Tensor:
    """Mean squared distance of unit vectors from those of a teacher, ``|u - v|^2 = 2 - 2 cos``.

    Args:
        learnt, taught: (B, D) float embeddings of the same texts, row by row; normalised here.

    Raises:
        ShapeError: row counts or dimensions differ.

    Reimers, Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation",
    https://arxiv.org/abs/2004.09813
    """
    check_same_shape(learnt, taught)
    return (_unit(learnt) - _unit(taught)).square().sum(dim=1).mean()


def matryoshka(loss: EmbeddingLoss, dims: Sequence[int], weights: Sequence[float] | None = None) -> EmbeddingLoss:
    """``loss`` on the first ``d`` dimensions for each of ``dims``, as one weighted mean.

    The mean, not the sum, so that adding prefixes leaves the scale of the gradient, and with it the
    learning rate, where it was.

    Args:
        loss: a function of (B, D) embeddings; every tensor argument with two dimensions is cut.
        dims: prefix lengths, each from 1 to D.
        weights: one a prefix, > 0; None weighs all alike.

    Raises:
        InputError: no prefix, a prefix longer than the embeddings, or as many weights as prefixes missing.

    Kusupati et al. 2022, "Matryoshka Representation Learning", https://arxiv.org/abs/2205.13147
    """
    shares = tuple(weights) if weights else (1.0,) * len(dims)
    if not dims or min(dims) < 1 or len(shares) != len(dims) or min(shares) <= 0:
        raise InputError(f"Matryoshka needs positive prefixes and one positive weight each: {dims}, {weights}")

    def over_prefixes(*embeddings: Tensor) -> Tensor:
        if max(dims) > embeddings[0].shape[1]:
            raise InputError(f"Matryoshka prefix {max(dims)} is longer than {embeddings[0].shape[1]} dimensions")
        terms = [share * loss(*(rows[:, :dim] for rows in embeddings)) for dim, share in zip(dims, shares, strict=True)]
        return sum(terms[1:], terms[0]) / sum(shares)

    return over_prefixes


def check_same_shape(anchors: Tensor, *others: Tensor | None) -> None:
    """Raise ShapeError unless every tensor is (B, D) like ``anchors``."""
    if anchors.ndim != 2:
        raise ShapeError(f"embeddings have shape {tuple(anchors.shape)}, expected two dimensions (B, D)")
    for other in others:
        if other is not None and other.shape != anchors.shape:
            raise ShapeError(f"embeddings have shape {tuple(other.shape)}, expected {tuple(anchors.shape)}")


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise InputError(f"{name} is {value}, expected more than 0")


def _unit(rows: Tensor) -> Tensor:
    from torch.nn.functional import normalize

    return normalize(rows.float(), dim=1)


def _cosines(left: Tensor, right: Tensor) -> Tensor:
    return _unit(left) @ _unit(right).T
