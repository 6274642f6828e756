"""Which number format the device is good at."""

from __future__ import annotations

import torch

from searchkit.training.settings import Precision


def settled(precision: Precision, device: torch.device) -> Precision:
    """The format to train in: the one asked for or, for ``auto``, bf16 where it is no detour.

    A CPU without bf16 instructions takes some fifty times as long in bf16 as in fp32.
    """
    if precision is not Precision.AUTO:
        return precision
    return Precision.BF16 if _multiplies_bf16(device) else Precision.FP32


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
