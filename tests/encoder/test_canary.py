from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from searchkit.encoder import CANARIES, canary_vectors, check_canaries, load_encoder
from searchkit.errors import EncoderMismatchError


def test_the_canaries_are_eight_different_texts() -> None:
    assert len(set(CANARIES)) == len(CANARIES) == 8


def test_another_runtime_of_the_same_checkpoint_passes(exported_bert: Path) -> None:
    stored = canary_vectors(load_encoder(exported_bert, runtime="onnx"))
    assert stored.shape == (8, 32)
    check_canaries(load_encoder(exported_bert, runtime="torch", device="cpu"), stored)


def test_storing_in_half_precision_is_within_the_tolerance(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    check_canaries(encoder, canary_vectors(encoder).astype(np.float16).astype(np.float32))


def test_other_vectors_are_refused(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    stored = canary_vectors(encoder)
    stored[3] = stored[4]
    with pytest.raises(EncoderMismatchError, match="for canary 3"):
        check_canaries(encoder, stored)


@pytest.mark.parametrize("wrong", [np.nan, 0.0])
def test_vectors_that_are_no_vectors_are_refused(wrong: float, exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    with pytest.raises(EncoderMismatchError):
        check_canaries(encoder, np.full((8, 32), wrong, np.float32))


def test_another_dimension_is_refused(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    with pytest.raises(EncoderMismatchError, match=r"shape \(8, 16\)"):
        check_canaries(encoder, canary_vectors(encoder)[:, :16])


def test_the_tolerance_is_the_callers(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert)
    stored = canary_vectors(encoder)
    turned = stored + 0.05 * stored[::-1]
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    check_canaries(encoder, turned, tolerance=0.5)
    with pytest.raises(EncoderMismatchError):
        check_canaries(encoder, turned, tolerance=1e-6)
