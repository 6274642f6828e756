"""The encoders that come along."""

from __future__ import annotations

import json

import numpy as np
import pytest

from searchkit.encoder import bundled_folder, describe, list_models, load_encoder, verify_checkpoint

TEXTS = [
    "A commit is undone by git revert.",
    "how do I take back a change",
    "The kettle stands on the left shelf of the kitchen.",
    "where is the teapot?",
    "Taxes on oil rose again last year.",
    "the price of petrol went up",
]


@pytest.mark.parametrize("name", ["default", "fast"])
def test_a_bundled_encoder_is_whole_and_tells_where_it_comes_from(name: str) -> None:
    verify_checkpoint(bundled_folder(name))
    info = describe(name)
    assert (info.dimension, info.max_tokens, info.license) == (384, 256, "Apache-2.0")
    assert info.runtimes[0] == "onnx-fp16"
    card = (bundled_folder(name) / "README.md").read_text(encoding="utf-8")
    assert "## Retrieval" in card
    assert "licence" in card


def test_both_are_listed() -> None:
    assert [info.folder.name for info in list_models()] == ["default", "fast"]


def test_the_fast_one_has_half_of_the_layers_and_nearly_the_embeddings() -> None:
    configs = [json.loads((bundled_folder(name) / "config.json").read_text()) for name in ("default", "fast")]
    assert [config["num_hidden_layers"] for config in configs] == [6, 3]
    whole, fast = (load_encoder(name).encode_passages(TEXTS) for name in ("default", "fast"))
    assert np.sum(whole * fast, axis=1).min() > 0.8
    pairs = fast @ fast.T - 2 * np.eye(len(TEXTS))
    assert pairs.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
