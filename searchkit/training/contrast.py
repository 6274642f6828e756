"""A batch of rows -> its loss, by the kind of the source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from searchkit.training.mixture import Batch
from searchkit.training.objective import cosent, info_nce, matryoshka, triplet_loss
from searchkit.training.recipe import Kind, Loss, RunSettings

if TYPE_CHECKING:
    from torch import Tensor

    from searchkit.training.objective import EmbeddingLoss


def texts_of(batch: Batch, run: RunSettings) -> list[str]:
    """Every text that has to be embedded, column after column; unsupervised texts stand twice."""
    twice = batch.settings.kind is Kind.UNSUP and not run.same_mask
    columns = batch.columns * 2 if twice else batch.columns
    return [text for column in columns for text in column]


def batch_loss(batch: Batch, embeddings: Tensor, run: RunSettings) -> Tensor:
    """The loss of a batch.

    Args:
        batch: B rows.
        embeddings: one row for each of `texts_of`, in that order.
        run: temperature, margin, weights and prefixes.
    """
    columns = list(embeddings.split(len(batch)))
    if batch.settings.kind is Kind.UNSUP and run.same_mask:
        columns *= 2  # one mask makes both views one and the same function of the text
    loss = _loss_of(batch, embeddings, run)
    if run.matryoshka_dims:
        loss = matryoshka(loss, run.matryoshka_dims, run.matryoshka_weights)
    return loss(*columns)


def _loss_of(batch: Batch, embeddings: Tensor, run: RunSettings) -> EmbeddingLoss:
    if batch.settings.kind is Kind.SCORED:
        scores = embeddings.new_tensor(batch.scores)
        return partial(cosent, scores=scores, temperature=run.temperature)
    if batch.settings.loss is Loss.TRIPLET:
        return partial(triplet_loss, margin=run.margin)
    return partial(info_nce, temperature=run.temperature, alpha=run.alpha, symmetric=run.symmetric)
