"""Folders that sentence-transformers saved are read here, and ours there, with the same vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import Pooling, export_onnx, load_encoder, read_checkpoint
from searchkit.encoder.sentence_encoder import unit_rows

library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
CLOSE = 1e-5


def theirs(folder: Path) -> Any:
    return library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture
def saved(make_checkpoint: Callable[..., Path], tmp_path: Path) -> Callable[..., tuple[Path, Any]]:
    """``saved("mean", Dense(...), prompts=...)`` gives a folder as the library saves it, and the model."""

    def make(pooling: str, *more: Any, architecture: str = "bert", **settings: Any) -> tuple[Path, Any]:
        transformer = modules.Transformer(str(make_checkpoint(architecture)), max_seq_length=16)
        pool = modules.Pooling(transformer.get_embedding_dimension(), pooling_mode=pooling)
        model = library.SentenceTransformer(modules=[transformer, pool, *more], device="cpu", **settings)
        model.save(str(tmp_path / "saved"))
        return tmp_path / "saved", model

    return make


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "mean_sqrt_len_tokens"])
@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_a_folder_of_theirs_gives_their_vectors(
    saved: Callable[..., tuple[Path, Any]], pooling: str, architecture: str
) -> None:
    folder, model = saved(pooling, architecture=architecture)
    ours = load_encoder(folder, device="cpu")
    assert ours.max_tokens == 16
    np.testing.assert_allclose(ours.encode(TEXTS), unit_rows(model.encode(TEXTS)), atol=CLOSE)


@pytest.mark.parametrize("bias", [True, False])
def test_their_dense_layers_and_normalisation_count(saved: Callable[..., tuple[Path, Any]], bias: bool) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    layers = [
        modules.Dense(32, 24, bias=bias, activation_function=torch.nn.Tanh()),
        modules.Dense(24, 8, bias=bias, activation_function=torch.nn.Identity()),
        modules.Normalize(),
    ]
    folder, model = saved("mean", *layers)
    ours = load_encoder(folder, device="cpu")
    assert ours.dimension == 8
    np.testing.assert_allclose(ours.encode(TEXTS), model.encode(TEXTS), atol=CLOSE)


def test_their_prompts_are_put_before_texts(saved: Callable[..., tuple[Path, Any]]) -> None:
    folder, model = saved("mean", prompts={"query": "how do i ", "document": "the "})
    ours = load_encoder(folder, device="cpu")
    np.testing.assert_allclose(ours.encode_queries(TEXTS), unit_rows(model.encode_query(TEXTS)), atol=CLOSE)
    np.testing.assert_allclose(ours.encode_passages(TEXTS), unit_rows(model.encode_document(TEXTS)), atol=CLOSE)
    assert not np.allclose(ours.encode_queries(TEXTS), ours.encode_passages(TEXTS), atol=1e-3)


@pytest.mark.parametrize("pooling", [Pooling.CLS, Pooling.CLS_BEFORE_POOLER, Pooling.MAX, Pooling.AVG])
def test_an_export_of_ours_gives_our_vectors_there(plain_bert: Path, tmp_path: Path, pooling: Pooling) -> None:
    export_onnx(plain_bert, tmp_path / "out", pooling=pooling, max_tokens=16)
    model = theirs(tmp_path / "out")
    assert model.max_seq_length == 16
    np.testing.assert_allclose(model.encode(TEXTS), load_encoder(tmp_path / "out").encode(TEXTS), atol=CLOSE)
    assert model.similarity_fn_name == "cosine"


def test_settings_survive_the_way_there_and_back(saved: Callable[..., tuple[Path, Any]], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    dense = modules.Dense(32, 8, activation_function=torch.nn.Tanh())
    folder, model = saved("cls", dense, prompts={"query": "how do i ", "document": "the "})
    export_onnx(folder, tmp_path / "ours")
    again = theirs(tmp_path / "ours")
    again.save(str(tmp_path / "theirs"))
    last = load_encoder(tmp_path / "theirs", device="cpu")
    for ours, original in ((last.encode_queries, model.encode_query), (last.encode_passages, model.encode_document)):
        np.testing.assert_allclose(ours(TEXTS), unit_rows(original(TEXTS)), atol=1e-3)  # exported in float16
    checkpoint = read_checkpoint(tmp_path / "theirs")
    assert (checkpoint.query_prompt, checkpoint.passage_prompt, checkpoint.max_tokens) == ("how do i ", "the ", 16)


def test_the_bundled_encoder_is_theirs_too() -> None:
    ours = load_encoder()
    model = theirs(ours.checkpoint.folder)
    texts = ["how do I undo a commit?", "Boats sail the sea. " * 100]
    np.testing.assert_allclose(model.encode(texts), ours.encode(texts), atol=1e-4)
