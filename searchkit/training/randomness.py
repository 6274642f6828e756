"""Torch's random generators as one tensor, so that dropout can be repeated and runs resumed."""

from __future__ import annotations

import torch
from torch import Tensor


def get_random_state(device: torch.device) -> Tensor:
    """(n,) uint8: the CPU generator's state, then the device's where it has its own."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    elif device.type == "mps":
        states.append(torch.mps.get_rng_state())
    return torch.cat(states)


def set_random_state(device: torch.device, state: Tensor) -> None:
    """Put back what `get_random_state` gave."""
    length = torch.get_rng_state().numel()
    torch.set_rng_state(state[:length].clone())
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[length:].clone(), device)
    elif device.type == "mps":
        torch.mps.set_rng_state(state[length:].clone())
