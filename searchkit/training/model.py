"""The encoder under training: a transformer, a pooler and, where there is one, a head.

Texts come in as `Pass` objects and leave as one (N, D) float32 matrix in the caller's order, not normalised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from searchkit.encoder.checkpoint import Checkpoint, DenseHead, read_checkpoint
from searchkit.encoder.hub import resolve_checkpoint
from searchkit.encoder.pooling import Activation, Pooling, pool
from searchkit.encoder.tokenization import load_tokenizer
from searchkit.encoder.torch_runtime import load_head, load_model
from searchkit.errors import TrainingError
from searchkit.training.language import LanguageHead, MaskedPass
from searchkit.training.passes import TOKENS_PER_PASS, Pass, cut_passes
from searchkit.training.settings import Head, RunSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class DenseLayer(nn.Module):
    """Linear and an activation: SimCSE's MLP head when it goes from D to D and the activation is tanh."""

    def __init__(self, linear: nn.Linear, activation: Activation) -> None:
        super().__init__()
        self.linear = linear
        self.activation = activation

    def forward(self, embeddings: Tensor) -> Tensor:
        """(B, D) to (B, E); E is D but for heads of a start that shorten its embeddings."""
        projected: Tensor = self.linear(embeddings)
        return projected.tanh() if self.activation is Activation.TANH else projected


class SentenceModel(nn.Module):
    """Token ids in, one row a text out.

    Args:
        backbone: a transformers model that gives ``last_hidden_state``.
        pooling: how token vectors become one.
        heads: layers above the pooler.
        language_head: predicts masked tokens, or None.
    """

    def __init__(
        self,
        backbone: nn.Module,
        pooling: Pooling,
        heads: Sequence[DenseLayer] = (),
        language_head: LanguageHead | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        self.heads = nn.ModuleList(heads)
        self.language_head = language_head
        self.heads_in_use = True

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, passes: Sequence[Pass], masked: Sequence[MaskedPass] = ()) -> tuple[Tensor, Tensor]:
        """Embeddings and the masked-language loss.

        Returns:
            (N, D) float32, row i for text i whatever the order of the passes; and a scalar: cross entropy summed
            over the masked tokens of ``masked``, 0 without any.
        """
        parts = [self._embed(each)[: len(each.rows)] for each in passes]
        rows = torch.tensor([row for each in passes for row in each.rows], device=self.device)
        language = torch.zeros((), device=self.device)
        for each in masked:
            language = language + self._predict_masked(each)
        return torch.cat(parts)[rows.argsort()], language

    def _embed(self, texts: Pass) -> Tensor:
        mask = texts.mask.to(self.device)
        every = self.pooling.needs_all_layers
        output = self.backbone(input_ids=texts.ids.to(self.device), attention_mask=mask, output_hidden_states=every)
        states = output.hidden_states if every else (output.last_hidden_state,)
        embeddings = pool([state.float() for state in states], mask, self.pooling)
        for head in self.heads if self.heads_in_use else ():
            embeddings = head(embeddings)
        return embeddings.float()

    def _predict_masked(self, masked: MaskedPass) -> Tensor:
        assert self.language_head is not None
        ids, mask = masked.ids.to(self.device), masked.mask.to(self.device)
        hidden = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        table = self.backbone.get_input_embeddings().weight  # type: ignore[operator]
        loss: Tensor = self.language_head(hidden, table, masked.labels.to(self.device))
        return loss


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins with.

    Attributes:
        checkpoint: the folder it came from, with its limits and prompts.
        tokenizer: without padding.
        pad_id: the padding token.
    """

    checkpoint: Checkpoint
    model: SentenceModel
    tokenizer: Tokenizer
    pad_id: int

    def passes(self, texts: Sequence[str], *, max_tokens: int, tokens_per_pass: int | None) -> list[Pass]:
        """Texts as the model takes them; ``tokens_per_pass`` None means what suits its device."""
        budget = tokens_per_pass or TOKENS_PER_PASS[self.model.device.type]
        return cut_passes(self.tokenizer, texts, max_tokens=max_tokens, tokens_per_pass=budget, pad_id=self.pad_id)


def load_start(run: RunSettings) -> Start:
    """The model that training starts from, with dropout, head and freezing set.

    Args:
        run: ``base`` names the checkpoint.

    Raises:
        CheckpointError: there is no such checkpoint, or it is damaged.
        TrainingError: texts may be longer than it takes, or it has fewer layers than should be frozen or kept.
    """
    checkpoint = read_checkpoint(resolve_checkpoint(run.base), pooling=run.pooling)
    if run.max_tokens > checkpoint.max_tokens:
        raise TrainingError(f"max_tokens is {run.max_tokens}, but {checkpoint.name} takes {checkpoint.max_tokens}")
    backbone = _random_backbone(checkpoint) if run.random_start else load_model(checkpoint, dtype=torch.float32)
    keep_layers(backbone, run.keep_layers)
    language_head = LanguageHead.like(backbone) if run.mlm_weight else None
    model = SentenceModel(backbone, checkpoint.pooling, _heads(run, checkpoint, backbone), language_head)
    set_dropout(model, run.dropout)
    freeze(model, embeddings=run.freeze_embeddings, layers=run.freeze_layers)
    tokenizer = load_tokenizer(checkpoint.folder)
    return Start(checkpoint, model, tokenizer, int(backbone.config.pad_token_id or 0))


def _random_backbone(checkpoint: Checkpoint) -> Any:
    from transformers import AutoConfig, AutoModel

    return AutoModel.from_config(AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True))


def _heads(run: RunSettings, checkpoint: Checkpoint, backbone: Any) -> list[DenseLayer]:
    if run.head is Head.AS_START:
        return [_loaded_head(head) for head in checkpoint.heads]
    if run.head is Head.NONE:
        return []
    dimension = backbone.config.hidden_size
    return [DenseLayer(nn.Linear(dimension, dimension), Activation.TANH)]


def _loaded_head(head: DenseHead) -> DenseLayer:
    weight, bias = load_head(head)
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.load_state_dict({"weight": weight, "bias": bias})
    return DenseLayer(linear, head.activation)


def keep_layers(backbone: Any, kept: Sequence[int]) -> None:
    """Drop all layers of the backbone but these, counted from 0; none named means that all stay.

    Raises:
        TrainingError: there is no such layer, or what a layer does depends on its number.
    """
    if not kept:
        return
    blocks = layers_of(backbone)
    if kept[-1] >= len(blocks):
        raise TrainingError(f"keep_layers names layer {kept[-1]}, but the model has the layers 0 to {len(blocks) - 1}")
    if getattr(backbone.config, "layer_types", None):
        raise TrainingError(f"the layers of {type(backbone).__name__} differ in kind, so none can be dropped")
    for number in reversed(range(len(blocks))):
        if number not in kept:
            del blocks[number]
    backbone.config.num_hidden_layers = len(blocks)


def set_dropout(model: nn.Module, probability: float | None) -> None:
    """Set every dropout of the transformer; None leaves them.

    The modules are set rather than the configuration, which is written with the finished checkpoint.
    """
    if probability is not None:
        for module, name in _dropouts(model):
            setattr(module, name, probability)


@contextmanager
def other_dropout(model: nn.Module, probability: float | None) -> Iterator[None]:
    """`set_dropout` for a while."""
    own = [(module, name, getattr(module, name)) for module, name in _dropouts(model)]
    set_dropout(model, probability)
    try:
        yield
    finally:
        for module, name, value in own:
            setattr(module, name, value)


def _dropouts(model: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    """Every place where a probability stands: module and attribute."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            yield module, "p"
        if isinstance(getattr(module, "attention_dropout", None), int | float):  # ModernBERT keeps a number here
            yield module, "attention_dropout"


def freeze(model: SentenceModel, *, embeddings: bool, layers: int) -> None:
    """Take the embedding table, the first ``layers`` layers and any pooler of the backbone out of training.

    The backbone's own pooler is never used here: it would have no gradient, which distributed training refuses.
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


def layers_of(backbone: nn.Module) -> nn.ModuleList:
    """The transformer blocks in order, whatever the architecture calls them."""
    lists = [module for module in backbone.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise TrainingError(f"{type(backbone).__name__} has no list of layers, expected a transformer")
    return max(lists, key=lambda blocks: len(blocks))


def trained_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that training changes, by name; not copies."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of `trained_weights`."""
    return {name: weight.detach().clone() for name, weight in trained_weights(model).items()}


@torch.no_grad()
def put_weights(model: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Set the trained weights to ``saved``."""
    weights = trained_weights(model)
    for name, weight in saved.items():
        weights[name].copy_(weight)


@contextmanager
def averaged(model: nn.Module, start: Mapping[str, Tensor], share: float) -> Iterator[None]:
    """Inside the block the model is ``share * start + (1 - share) * model``; afterwards it is itself again.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", https://arxiv.org/abs/2109.01903
    """
    own = copy_weights(model) if share else {}
    put_weights(model, {name: torch.lerp(weight, start[name], share) for name, weight in own.items()})
    try:
        yield
    finally:
        put_weights(model, own)
