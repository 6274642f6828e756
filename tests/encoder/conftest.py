"""Tiny checkpoints, made once a session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_checkpoints import tiny_model, write_word_piece


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_checkpoint("bert", name="unsup-simcse-tiny")`` gives a fresh plain transformers folder."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    models: dict[str, Any] = {}

    def make(architecture: str = "bert", *, name: str = "tiny") -> Path:
        folder = tmp_path_factory.mktemp(architecture) / name
        if architecture not in models:
            models[architecture] = tiny_model(architecture)
        models[architecture].save_pretrained(folder)
        write_word_piece(folder)
        (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 24}))
        return folder

    return make


@pytest.fixture(scope="session")
def plain_bert(make_checkpoint: Callable[..., Path]) -> Path:
    """A plain transformers BERT folder, to be read only."""
    return make_checkpoint("bert")


@pytest.fixture(scope="session")
def exported_bert(plain_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported; to be read only."""
    pytest.importorskip("onnx")
    from searchkit.encoder import export_onnx

    folder = tmp_path_factory.mktemp("exported") / "tiny-bert"
    export_onnx(plain_bert, folder, base="made/here", license="Apache-2.0")
    return folder
