from __future__ import annotations

import pytest
import torch

from searchkit.training import Precision
from searchkit.training.precision import settled

CPU = torch.device("cpu")


@pytest.mark.parametrize("asked", [Precision.FP32, Precision.BF16, Precision.FP16])
def test_a_format_that_was_asked_for_stays(asked: Precision) -> None:
    assert settled(asked, CPU) is asked


@pytest.mark.parametrize(
    ("has_avx512_bf16", "has_amx", "expected"),
    [(False, False, Precision.FP32), (True, False, Precision.BF16), (False, True, Precision.BF16)],
)
def test_auto_is_bf16_only_where_the_cpu_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, has_avx512_bf16: bool, has_amx: bool, expected: Precision
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512_bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx)
    assert settled(Precision.AUTO, CPU) is expected
