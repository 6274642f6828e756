"""The encoder under training: a transformer, a pooler and, where asked for, an MLP head.

Texts come in as `Pass` objects and leave as one (N, D) float32 matrix in the caller's order, not normalised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from searchkit.errors import MissingExtraError, TrainingError
from searchkit.training.packing import BatchTokenizer, Pass
from searchkit.training.recipe import Head, Pooling, RunSettings

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# What the architectures call their dropout probabilities; those that a configuration has are set.
DROPOUT_FIELDS = (
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),  # BERT, RoBERTa, MPNet, ELECTRA
    *("attention_dropout", "embedding_dropout", "mlp_dropout", "dropout"),  # ModernBERT, DistilBERT
)


class SentenceModel(nn.Module):
    """Token ids in, one row a text out.

    Args:
        backbone: a transformers model that gives ``last_hidden_state``.
        pooling: how token vectors become one.
        head: above the pooler, or None.
    """

    def __init__(self, backbone: nn.Module, pooling: Pooling, head: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        self.head = head
        self.head_in_use = head is not None

    def forward(self, passes: Sequence[Pass]) -> Tensor:
        """(N, D) float32, row i for text i whatever the order of the passes."""
        parts = [self.embed(each)[: len(each.rows)] for each in passes]
        rows = torch.tensor([row for each in passes for row in each.rows], device=parts[0].device)
        return torch.cat(parts)[rows.argsort()]

    def embed(self, texts: Pass) -> Tensor:
        """(B, D) float32 of one pass, the filling rows included."""
        device = next(self.parameters()).device
        mask = texts.mask.to(device)
        embedding = self._pool(texts.ids.to(device), mask)
        return self.head(embedding).float() if self.head is not None and self.head_in_use else embedding

    def _pool(self, ids: Tensor, mask: Tensor) -> Tensor:
        between = self.pooling in (Pooling.AVG_TOP2, Pooling.AVG_FIRST_LAST)
        output = self.backbone(input_ids=ids, attention_mask=mask, output_hidden_states=between)
        if self.pooling is Pooling.CLS:
            return output.last_hidden_state[:, 0].float()
        if self.pooling is Pooling.MEAN:
            return _mean(output.last_hidden_state, mask)
        other = output.hidden_states[-2 if self.pooling is Pooling.AVG_TOP2 else 1]
        return _mean((output.hidden_states[-1].float() + other.float()) / 2, mask)


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask[:, :, None].float()  # (B, T, 1)
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)


class MlpHead(nn.Module):
    """Linear and tanh, D to D, from random weights: SimCSE's head above the pooler."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dimension, dimension)

    def forward(self, embeddings: Tensor) -> Tensor:
        return torch.tanh(self.linear(embeddings))


def load_start(run: RunSettings) -> tuple[SentenceModel, Any]:
    """The model that training starts from, with dropout, head and freezing set, and its tokenizer.

    Args:
        run: ``base`` names a checkpoint folder or a cached hub model.

    Raises:
        TrainingError: there is no such checkpoint, or it has fewer layers than should be frozen.
        MissingExtraError: transformers is not installed.
    """
    try:
        from transformers import AutoConfig, AutoModel, AutoTokenizer
    except ImportError as exc:
        raise MissingExtraError("transformers", "train") from exc
    try:
        config = AutoConfig.from_pretrained(run.base, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(run.base, local_files_only=True, use_fast=True)
        set_dropout(config, run.dropout)
        if run.random_start:
            backbone = AutoModel.from_config(config)
        else:
            backbone = AutoModel.from_pretrained(
                run.base, config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
    except (OSError, ValueError) as exc:
        raise TrainingError(
            f"no checkpoint at {run.base!r}: {exc}", hint="give a folder with config.json and model.safetensors"
        ) from exc
    head = None if run.head is Head.NONE else MlpHead(config.hidden_size)
    model = SentenceModel(backbone, run.pooling, head)
    freeze(model, embeddings=run.freeze_embeddings, layers=run.freeze_layers)
    return model, tokenizer


def tokenizer_of(loaded: Any) -> BatchTokenizer:
    """The fast tokenizer inside a transformers tokenizer."""
    return BatchTokenizer(loaded.backend_tokenizer, pad_id=loaded.pad_token_id or 0)


def set_dropout(config: PretrainedConfig, probability: float | None) -> None:
    """Set every dropout probability that the architecture has; None leaves them."""
    for name in DROPOUT_FIELDS:
        if probability is not None and hasattr(config, name):
            setattr(config, name, probability)


def freeze(model: SentenceModel, *, embeddings: bool, layers: int) -> None:
    """Take the embedding table, the first ``layers`` layers and any pooler of the backbone out of training.

    The backbone's own pooler is never used here; without a gradient it would only trouble the optimiser.
    """
    blocks = layers_of(model.backbone)
    if layers > len(blocks):
        raise TrainingError(f"freeze_layers is {layers}, but the model has {len(blocks)} layers")
    frozen: list[Any] = [getattr(model.backbone, "pooler", None), *blocks[:layers]]
    if embeddings:
        frozen.append(model.backbone.embeddings)
    for module in frozen:
        if module is not None:
            module.requires_grad_(False)


def layers_of(backbone: nn.Module) -> Sequence[nn.Module]:
    """The transformer blocks in order, whatever the architecture calls them."""
    lists = [module for module in backbone.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise TrainingError(f"{type(backbone).__name__} has no list of layers, expected a transformer")
    return max(lists, key=len)


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """The parameters that training changes, by name; not copies."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


@contextmanager
def averaged_with(model: nn.Module, start: dict[str, Tensor], share: float) -> Iterator[None]:
    """Inside the block the model is ``share * start + (1 - share) * model``; afterwards it is itself again.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", https://arxiv.org/abs/2109.01903
    """
    weights = trained_weights(model)
    own = {name: weights[name].detach().clone() for name in start}
    with torch.no_grad():
        for name, first in start.items():
            weights[name].lerp_(first.to(weights[name].device), share)
    try:
        yield
    finally:
        with torch.no_grad():
            for name, weight in own.items():
                weights[name].copy_(weight)


def local_name(base: str) -> str:
    """The last part of a path or hub name, for cards and messages: no folder of the machine appears in them."""
    return Path(base).name
