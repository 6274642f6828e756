"""A batch of rows -> its texts and its loss, by the kind of the source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from searchkit.training.mixture import Batch
from searchkit.training.objective import cosent, distillation, info_nce, matryoshka, triplet_loss
from searchkit.training.settings import Kind, Loss, RunSettings

if TYPE_CHECKING:
    from torch import Tensor

    from searchkit.encoder.checkpoint import Checkpoint
    from searchkit.training.objective import EmbeddingLoss

ASYMMETRIC = (Kind.PAIRS, Kind.TRIPLETS, Kind.CLOZE)  # the anchor may be a query


def texts_of(batch: Batch, run: RunSettings, checkpoint: Checkpoint) -> list[str]:
    """Every text that has to be embedded, column after column; unsupervised texts stand twice.

    Prompts of the checkpoint are put before them: the query's before anchors, the passage's before the rest.
    """
    twice = batch.settings.kind is Kind.UNSUP and not run.same_mask
    columns = batch.columns * 2 if twice else batch.columns
    prompts = [checkpoint.passage_prompt] * len(columns)
    if batch.settings.kind in ASYMMETRIC:
        prompts[0] = checkpoint.query_prompt
    texts = [prompt + text for prompt, column in zip(prompts, columns, strict=True) for text in column]
    return [text.lower() for text in texts] if checkpoint.lower_case else texts


def column_count(batch: Batch, run: RunSettings) -> int:
    """Columns that `texts_of` lists."""
    return 2 if batch.settings.kind is Kind.UNSUP and not run.same_mask else len(batch.columns)


def batch_loss(batch: Batch, embeddings: Tensor, run: RunSettings, taught: Tensor | None = None) -> Tensor:
    """The loss of a batch.

    Args:
        batch: B rows.
        embeddings: one row for each of `texts_of`, in that order.
        run: temperature, margin, weights and prefixes.
        taught: (B, D), what the teacher gives; None for all kinds but that which learns from one.
    """
    columns = list(embeddings.chunk(column_count(batch, run)))
    if taught is not None:
        columns.append(taught)
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
    if batch.settings.kind is Kind.DISTIL:
        return distillation
    if batch.settings.loss is Loss.TRIPLET:
        return partial(triplet_loss, margin=run.margin)
    return partial(info_nce, temperature=run.temperature, alpha=run.alpha, symmetric=run.symmetric)
