"""``state.safetensors``: all that a killed run needs to go on as if nothing had happened.

    tensors    weight.NAME                                   the trained weights, fp32
               exp_avg.NAME, exp_avg_sq.NAME, step.NAME      the optimiser's state of each
               random.RANK                                   the random generators of each process
    metadata   state: JSON with format, recipe, data, step, seconds, log_length, position, scaler

One file, written beside its place, synced and renamed: a crash leaves the state before. Nothing in it is code.
Weights that are not trained come from the start again, and dev scores from the log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from searchkit.errors import TrainingError
from searchkit.training.mixture import Position
from searchkit.training.model import put_weights, trained_weights

STATE = "state.safetensors"
FORMAT = 1
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a state belongs to: SHA-256 of the recipe with its start, and of the file of every source."""

    recipe: str
    data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands.

    Attributes:
        step: steps done.
        seconds: wall time used.
        log_length: bytes of the log that belong to these steps.
        position: of every source.
        scaler: state of the fp16 gradient scaler; empty otherwise.
    """

    step: int
    seconds: float
    log_length: int
    position: tuple[Position, ...]
    scaler: Mapping[str, Any]


def save_state(
    folder: Path,
    identity: Identity,
    place: Place,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    random_states: Sequence[Tensor],
) -> None:
    """Write the state of a run, whole or not at all."""
    tensors = {f"random.{rank}": state for rank, state in enumerate(random_states)}
    for name, weight in trained_weights(model).items():
        tensors[f"weight.{name}"] = weight
        for moment in MOMENTS:
            tensors[f"{moment}.{name}"] = optimizer.state[weight][moment]
    state = {"format": FORMAT, **asdict(identity), **asdict(place)}
    write_tensors(folder / STATE, tensors, {"state": json.dumps(state)})


def load_state(
    folder: Path, identity: Identity, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Place, list[Tensor]]:
    """Put a saved state into the model and the optimiser.

    Returns:
        Where the run stands, and the random state of each process.

    Raises:
        TrainingError: the state is damaged, or belongs to another recipe or other data.
    """
    path = folder / STATE
    metadata, tensors = _read(path)
    if Identity(metadata["recipe"], tuple(metadata["data"])) != identity:
        raise TrainingError(f"{path} belongs to another recipe, start or other data", hint="remove it to begin anew")
    weights = trained_weights(model)
    put_weights(model, {name: tensors[f"weight.{name}"] for name in weights})
    for name, weight in weights.items():
        moments = {moment: tensors[f"{moment}.{name}"] for moment in MOMENTS}
        optimizer.state[weight] = {moment: value.to(weight.device) for moment, value in moments.items()}
    count = sum(name.startswith("random.") for name in tensors)
    position = tuple(Position(p["epoch"], p["cursor"], tuple(p["waiting"])) for p in metadata["position"])
    place = Place(metadata["step"], metadata["seconds"], metadata["log_length"], position, metadata["scaler"])
    return place, [tensors[f"random.{rank}"] for rank in range(count)]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()["state"])
            if metadata["format"] != FORMAT:
                raise TrainingError(f"{path} is not of format {FORMAT}", hint="remove it to begin anew")
            return metadata, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as exc:
        raise TrainingError(f"{path} is damaged: {exc}", hint="remove it to begin anew") from exc


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file beside its place, sync it and rename it."""
    from safetensors.torch import save_file

    partial = path.with_name(path.name + ".partial")
    save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, partial, dict(metadata or {}))
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)
