"""The settings of a training run: how to train, and what the sources are. Plain frozen data, checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from searchkit.encoder.pooling import Pooling
from searchkit.errors import TrainingError


class Kind(Enum):
    """What a row of a source is, and with it the objective."""

    UNSUP = "unsup"  # one text, encoded twice under two dropout masks
    PAIRS = "pairs"  # anchor, positive
    TRIPLETS = "triplets"  # anchor, positive, hard negative
    SCORED = "scored"  # two texts and a similarity score: CoSENT
    CROP = "crop"  # one passage; two random spans of it are a pair
    CLOZE = "cloze"  # one passage; a sentence of it and the rest are a pair
    DISTIL = "distil"  # one text; the embedding that the teacher gives it


class Loss(Enum):
    """The objective for rows with a hard negative."""

    INFO_NCE = "info_nce"
    TRIPLET = "triplet"


class Head(Enum):
    """The MLP (Linear and tanh) above the pooler."""

    AS_START = "as_start"  # the one that the start has, or none
    NONE = "none"
    TRAIN_ONLY = "train_only"  # a new one that is dropped after training: unsupervised SimCSE
    KEPT = "kept"  # a new one that becomes part of the encoder: supervised SimCSE


class Precision(Enum):
    """The number format of matrix products in training; weights and optimiser stay in fp32."""

    AUTO = "auto"  # bf16 where the device multiplies it natively, otherwise fp32
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to train. Rate, schedule, temperature and alpha are those of supervised SimCSE for models of base size.

    It trains 3 epochs of batches of 512 texts of up to 32 tokens, and a new head (Gao, Yao, Chen 2021, appendix A,
    https://arxiv.org/abs/2104.08821); ``epochs``, ``batch_size``, ``max_tokens`` and ``head`` are left to the data.

    Attributes:
        base: checkpoint folder, the name of a bundled one, or a hub name that is in the local cache.
        base_name: what cards call the base; empty means its folder's name, or its hub name.
        teacher: checkpoint, named as ``base`` is, whose embeddings the kind ``distil`` learns; None means ``base``.
        keep_layers: the layers of the start that are kept, counted from 0; empty means all.
        random_start: keep the architecture and tokenizer of ``base``, but start from random weights.
        steps: optimiser steps; None means ``epochs`` passes over all sources together.
        batch_size: rows a batch over all devices, at least 2, for sources that do not set their own.
        accumulate: batches whose gradients are averaged into one step; each is contrasted on its own.
        cached_gradients: embed without a graph first, so that memory does not grow with the batch.
        warmup: share of the steps over which the learning rate rises from 0; then it falls linearly to 0.
        clip: largest norm of the gradient.
        temperature: tau of InfoNCE and CoSENT.
        alpha: weight of an anchor's own hard negative in the denominator.
        margin: of the triplet loss, in squared distance on unit vectors.
        symmetric: InfoNCE in both directions.
        pooling: None means the start's own.
        dropout: probability in the transformer; None keeps the checkpoint's own.
        same_mask: give both views of unsupervised training one dropout mask (an ablation that collapses).
        mlm_weight: lambda of the masked-language auxiliary loss; 0 leaves it out.
        matryoshka_dims, matryoshka_weights: prefixes that are trained together; empty means the full length.
        freeze_embeddings, freeze_layers: leave the embedding table, and the first so many layers, as they are.
        average_with_start: share of the start's weights in what is kept, 0 to 1.
        max_tokens: longer texts are cut in training; the limit of the finished encoder stays the start's.
        tokens_per_pass: padded tokens that run through the model at once; changes speed and memory only. None
            means what suits the device.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        evaluate_every: steps between two dev evaluations; 0 evaluates at the end alone.
        save_every: steps between two resumable states; 0 saves none.
        tensorboard: also write event files.
    """

    base: str
    base_name: str = ""
    teacher: str | None = None
    keep_layers: tuple[int, ...] = ()
    random_start: bool = False
    steps: int | None = None
    epochs: float = 1.0
    batch_size: int = 128
    accumulate: int = 1
    cached_gradients: bool = False
    learning_rate: float = 5e-5
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip: float = 1.0
    temperature: float = 0.05
    alpha: float = 1.0
    margin: float = 0.5
    symmetric: bool = False
    pooling: Pooling | None = None
    head: Head = Head.AS_START
    dropout: float | None = None
    same_mask: bool = False
    mlm_weight: float = 0.0
    matryoshka_dims: tuple[int, ...] = ()
    matryoshka_weights: tuple[float, ...] = ()
    freeze_embeddings: bool = False
    freeze_layers: int = 0
    average_with_start: float = 0.0
    max_tokens: int = 128
    tokens_per_pass: int | None = None
    precision: Precision = Precision.FP32
    device: str = "auto"
    seed: int = 42
    evaluate_every: int = 0
    save_every: int = 500
    tensorboard: bool = False

    def __post_init__(self) -> None:
        _check_run(self)


@dataclass(frozen=True, slots=True)
class MiningSettings:
    """Which near misses become hard negatives.

    Attributes:
        first_rank, last_rank: the window in the ranking of all passages for an anchor; 1 is the nearest.
        ceiling: largest similarity of a negative, as a share of the positive's: what is nearer is likely right.
    """

    first_rank: int = 2
    last_rank: int = 50
    ceiling: float = 0.95

    def __post_init__(self) -> None:
        if not 1 <= self.first_rank <= self.last_rank:
            raise TrainingError(
                f"the mining window is {self.first_rank} to {self.last_rank}, expected 1 <= first <= last"
            )
        if not 0 < self.ceiling <= 1:
            raise TrainingError(f"the mining ceiling is {self.ceiling}, expected more than 0 and at most 1")


@dataclass(frozen=True, slots=True)
class DataSettings:
    """One source of the mixture.

    Attributes:
        path: .txt (one text a line), .csv, .tsv, .jsonl or .parquet.
        columns: names in the order of ``kind``; empty means the first known set that the file has.
        name: shown in logs; empty means the file's own.
        weight: how often a batch is drawn from here, relative to the other sources.
        limit: keep a random sample of so many rows; None keeps all.
        max_tokens, batch_size, dropout: in place of the run's own.
        keep, drop: by column, the values of rows to use, and of rows to leave out.
        group: a column; two rows with the same value never meet in a batch (captions of one image).
        lower_case: lower-case the texts.
        loss: for triplets.
        mine: give each pair a hard negative, found by the start among the positives of the other pairs.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...] = ()
    name: str = ""
    weight: float = 1.0
    limit: int | None = None
    max_tokens: int | None = None
    batch_size: int | None = None
    dropout: float | None = None
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""
    lower_case: bool = False
    loss: Loss = Loss.INFO_NCE
    mine: MiningSettings | None = None

    def __post_init__(self) -> None:
        _check_data(self)

    @property
    def label(self) -> str:
        """What logs and cards call it."""
        return self.name or self.path.stem

    @property
    def has_negatives(self) -> bool:
        """Whether its rows carry a hard negative, by the file or by mining."""
        return self.kind is Kind.TRIPLETS or self.mine is not None


def _check_run(run: RunSettings) -> None:
    positive = ("learning_rate", "temperature", "alpha", "clip", "epochs")
    not_negative = ("mlm_weight", "weight_decay", "freeze_layers", "evaluate_every", "save_every", "seed")
    holds: dict[str, Any] = {name: 0 < getattr(run, name) < math.inf for name in positive}
    holds |= {name: getattr(run, name) >= 0 for name in not_negative}
    holds |= {name: 0 <= getattr(run, name) <= 1 for name in ("warmup", "average_with_start")}
    holds |= {
        "batch_size": run.batch_size >= 2,  # one row has nothing to be contrasted with
        "accumulate": run.accumulate >= 1,
        "keep_layers": list(run.keep_layers) == sorted(set(run.keep_layers)) and min(run.keep_layers, default=0) >= 0,
        "max_tokens": run.max_tokens >= 3,
        "steps": run.steps is None or run.steps >= 1,
        "tokens_per_pass": run.tokens_per_pass is None or run.tokens_per_pass >= 1,
        "dropout": run.dropout is None or 0 <= run.dropout < 1,
        "matryoshka_weights": len(run.matryoshka_weights) in (0, len(run.matryoshka_dims)),
    }
    for name, claim in holds.items():
        if not claim:
            raise TrainingError(f"{name} is {getattr(run, name)!r}, which is out of range")


def _check_data(data: DataSettings) -> None:
    kind = data.kind.value
    if not 0 < data.weight < math.inf:
        raise TrainingError(f"{data.path}: weight is {data.weight}, expected a number above 0")
    if data.mine is not None and data.kind is not Kind.PAIRS:
        raise TrainingError(f"{data.path}: mining needs kind 'pairs', not {kind!r}")
    if data.loss is Loss.TRIPLET and not data.has_negatives:
        raise TrainingError(f"{data.path}: the triplet loss needs hard negatives, which kind {kind!r} has not")
    if data.dropout is not None and not 0 <= data.dropout < 1:
        raise TrainingError(f"{data.path}: dropout is {data.dropout}, expected at least 0 and less than 1")
    for name, smallest in (("limit", 2), ("max_tokens", 3), ("batch_size", 2)):
        value = getattr(data, name)
        if value is not None and value < smallest:
            raise TrainingError(f"{data.path}: {name} is {value}, expected at least {smallest}")
