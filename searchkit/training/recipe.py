"""A training run as data: what to start from, how to train, and the mixture of texts. Read from one TOML file.

    [run]
    base = "all-MiniLM-L6-v2"        # a checkpoint folder or a hub name
    steps = 1000
    batch_size = 128

    [[data]]
    path = "nli.csv"
    kind = "triplets"                # unsup, pairs, triplets, scored, crop, cloze
    columns = ["sent0", "sent1", "hard_neg"]
    weight = 2.0
    drop = { source = ["brown"] }

Relative paths are relative to the folder of the recipe file. A key that is not known is refused, so that a
misspelt setting cannot be ignored in silence.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from searchkit.errors import TrainingError


class Kind(Enum):
    """What a row of a source is, and with it the objective."""

    UNSUP = "unsup"  # one text, encoded twice under two dropout masks
    PAIRS = "pairs"  # anchor, positive
    TRIPLETS = "triplets"  # anchor, positive, hard negative
    SCORED = "scored"  # two texts and a similarity score: CoSENT
    CROP = "crop"  # one passage; two random spans of it are a pair
    CLOZE = "cloze"  # one passage; a sentence of it and the rest are a pair


class Loss(Enum):
    """The objective for rows with a hard negative."""

    INFO_NCE = "info_nce"
    TRIPLET = "triplet"


class Pooling(Enum):
    """How token vectors become one embedding."""

    MEAN = "mean"
    CLS = "cls"
    AVG_TOP2 = "avg_top2"
    AVG_FIRST_LAST = "avg_first_last"


class Head(Enum):
    """The MLP (Linear and tanh) above the pooler: absent, dropped after training, or part of the encoder."""

    NONE = "none"
    TRAIN_ONLY = "train_only"
    KEPT = "kept"


class Precision(Enum):
    """The number format of matrix products in training; weights and optimiser stay in fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to train. Defaults are those of supervised SimCSE where it has one.

    Attributes:
        base: checkpoint folder, or a hub name that is already in the local cache.
        random_start: keep the architecture and tokenizer of ``base``, but start from random weights.
        steps: optimiser steps; None means ``epochs`` passes over all sources together.
        batch_size: rows a step over all devices, for sources that do not set their own.
        accumulate: batches whose gradients are averaged into one step; each is contrasted on its own.
        cached_gradients: embed without a graph first, so that memory does not grow with the batch.
        warmup: share of the steps over which the learning rate rises from 0; then it falls linearly to 0.
        clip: largest norm of the gradient.
        temperature: tau of InfoNCE and CoSENT.
        alpha: weight of an anchor's own hard negative.
        margin: of the triplet loss, in squared distance on unit vectors.
        symmetric: InfoNCE in both directions.
        dropout: probability in the transformer; None keeps the checkpoint's own.
        same_mask: give both views of unsupervised training one dropout mask (an ablation that collapses).
        mlm_weight: lambda of the masked-language auxiliary loss; 0 leaves it out.
        matryoshka_dims, matryoshka_weights: prefixes that are trained together; empty means the full length.
        freeze_embeddings, freeze_layers: leave the embedding table, and the first so many layers, as they are.
        average_with_start: share of the start's weights in what is kept, 0 to 1.
        tokens_per_pass: padded tokens that run through the model at once; changes speed and memory only.
        evaluate_every: steps between two dev evaluations; 0 evaluates at the end alone.
        save_every: steps between two resumable states; 0 saves none.
    """

    base: str
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
    pooling: Pooling = Pooling.MEAN
    head: Head = Head.NONE
    dropout: float | None = None
    same_mask: bool = False
    mlm_weight: float = 0.0
    matryoshka_dims: tuple[int, ...] = ()
    matryoshka_weights: tuple[float, ...] = ()
    freeze_embeddings: bool = False
    freeze_layers: int = 0
    average_with_start: float = 0.0
    max_tokens: int = 128
    tokens_per_pass: int = 2048
    precision: Precision = Precision.FP32
    device: str = "auto"
    seed: int = 42
    evaluate_every: int = 0
    save_every: int = 0

    def __post_init__(self) -> None:
        _check_run(self)


@dataclass(frozen=True, slots=True)
class DataSettings:
    """One source of the mixture.

    Attributes:
        path: .txt (one text a line), .csv, .tsv, .jsonl or .parquet.
        columns: names in the order of ``kind``; empty means the first known set that the file has.
        weight: how often a batch is drawn from here, relative to the other sources.
        limit: keep a random sample of so many rows; None keeps all.
        max_tokens, batch_size: in place of the run's own.
        keep, drop: by column, the values of rows to use, and of rows to leave out.
        group: a column; two rows with the same value never meet in a batch (captions of one image).
        lower_case: lower-case the texts.
        loss: for triplets.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...] = ()
    name: str = ""
    weight: float = 1.0
    limit: int | None = None
    max_tokens: int | None = None
    batch_size: int | None = None
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""
    lower_case: bool = False
    loss: Loss = Loss.INFO_NCE

    def __post_init__(self) -> None:
        _check_data(self)

    @property
    def label(self) -> str:
        """The name in logs: ``name``, or the file's own."""
        return self.name or self.path.stem


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a run depends on, besides the data files themselves."""

    run: RunSettings
    data: tuple[DataSettings, ...]

    def __post_init__(self) -> None:
        if not self.data:
            raise TrainingError("the recipe names no data", hint="add a [[data]] table with path and kind")

    @staticmethod
    def simple(
        base: str,
        *,
        unsup: Sequence[Path] = (),
        sup: Sequence[Path] = (),
        triplets: Sequence[Path] = (),
        **run: Any,
    ) -> Recipe:
        """A recipe without a file: SimCSE on texts, pairs and triplets, all with weight 1.

        Args:
            base: checkpoint folder or hub name.
            unsup: files of single texts.
            sup: files of anchor and positive; a third column is taken as the hard negative by ``triplets``.
            triplets: files of anchor, positive, hard negative.
            run: further fields of `RunSettings`.

        Raises:
            TrainingError: no file was given, or a setting is out of range.
        """
        kinds = ((Kind.UNSUP, unsup), (Kind.PAIRS, sup), (Kind.TRIPLETS, triplets))
        data = [DataSettings(path=Path(path), kind=kind) for kind, paths in kinds for path in paths]
        return Recipe(RunSettings(base=base, **run), tuple(data))


def load_recipe(path: Path, *, root: Path | None = None, base: str | None = None) -> Recipe:
    """Read a recipe file.

    Args:
        path: the TOML file.
        root: the folder that relative data paths start from; None means the folder of ``path``.
        base: in place of the file's own ``base``.

    Raises:
        TrainingError: the file is missing, is not TOML, has an unknown key or a value of the wrong type.
    """
    table = _read_toml(path)
    unknown = sorted(set(table) - {"run", "data"})
    if unknown:
        raise TrainingError(f"{path} has unknown tables {unknown}", hint="a recipe has [run] and [[data]]")
    run = dict(table.get("run", {}))
    if base is not None:
        run["base"] = base
    folder = path.parent if root is None else root
    entries = [_build(DataSettings, entry, f"{path}, [[data]] {n}") for n, entry in enumerate(table.get("data", []), 1)]
    data = tuple(dataclasses.replace(entry, path=folder / entry.path) for entry in entries)
    return Recipe(_build(RunSettings, run, f"{path}, [run]"), data)


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise TrainingError(f"recipe {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise TrainingError(f"recipe {path} is not TOML: {exc}") from exc


_Settings = TypeVar("_Settings", RunSettings, DataSettings)


def _build(settings: type[_Settings], table: Mapping[str, Any], place: str) -> _Settings:
    hints = get_type_hints(settings)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise TrainingError(f"{place}: unknown key {unknown[0]!r}", hint=f"known keys: {', '.join(sorted(hints))}")
    values = {key: _convert(value, hints[key], f"{place}: {key}") for key, value in table.items()}
    try:
        return settings(**values)
    except TypeError as exc:
        raise TrainingError(f"{place}: {str(exc).partition('__init__() ')[2]}") from exc


def _convert(value: Any, hint: Any, place: str) -> Any:
    """``value`` of the TOML file as the type of the field; TOML already tells numbers, text and truth apart."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert(value, next(arm for arm in get_args(hint) if arm is not type(None)), place)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(hint)[0], place) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: _convert(item, get_args(hint)[1], f"{place}.{key}") for key, item in value.items()}
    if isinstance(hint, type):
        return _convert_scalar(value, hint, place)
    raise TrainingError(f"{place} is {value!r}, expected a list or table")


def _convert_scalar(value: Any, hint: type, place: str) -> Any:
    if issubclass(hint, Enum):
        known = [member.value for member in hint]
        if value not in known:
            raise TrainingError(f"{place} is {value!r}, expected one of {', '.join(known)}")
        return hint(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise TrainingError(f"{place} is {value!r}, expected {hint.__name__}")
    return value


def _check_run(run: RunSettings) -> None:
    at_least_one = ("batch_size", "accumulate", "max_tokens", "tokens_per_pass")
    claims = {name: getattr(run, name) >= 1 for name in at_least_one}
    claims |= {name: getattr(run, name) > 0 for name in ("learning_rate", "temperature", "alpha", "clip", "epochs")}
    claims |= {name: 0 <= getattr(run, name) <= 1 for name in ("warmup", "average_with_start")}
    claims |= {
        "steps": run.steps is None or run.steps >= 1,
        "dropout": run.dropout is None or 0 <= run.dropout < 1,
        "mlm_weight": run.mlm_weight >= 0,
        "freeze_layers": run.freeze_layers >= 0,
        "matryoshka_weights": len(run.matryoshka_weights) in (0, len(run.matryoshka_dims)),
    }
    for name, holds in claims.items():
        if not holds:
            raise TrainingError(f"{name} is {getattr(run, name)!r}, which is out of range")


def _check_data(data: DataSettings) -> None:
    if not data.weight > 0:
        raise TrainingError(f"{data.path}: weight is {data.weight}, expected more than 0")
    if data.loss is Loss.TRIPLET and data.kind is not Kind.TRIPLETS:
        raise TrainingError(f"{data.path}: the triplet loss needs kind 'triplets', not {data.kind.value!r}")
    for name in ("limit", "max_tokens", "batch_size"):
        value = getattr(data, name)
        if value is not None and value < 1:
            raise TrainingError(f"{data.path}: {name} is {value}, expected at least 1")
