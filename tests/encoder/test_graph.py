from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from searchkit.encoder import Pooling, export_onnx, load_encoder
from searchkit.encoder.graph import encoder_graph
from searchkit.encoder.graph_bert import relative_buckets
from searchkit.encoder.graph_builder import GraphBuilder
from searchkit.errors import CheckpointError

pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

LONG = "quick brown fox over the lazy dog. " * 12  # past every window and the limit
TEXTS = ["the quick brown fox", "", "how do i undo a commit?", LONG, "restore a deleted file, again"]


@pytest.mark.parametrize("architecture", ["bert", "roberta", "mpnet", "distilbert", "modernbert"])
def test_the_graph_of_each_architecture_gives_the_vectors_of_torch(
    architecture: str, make_checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_checkpoint(architecture)
    export_onnx(source, tmp_path / "out", forms=["fp32"])
    by_graph = load_encoder(tmp_path / "out", runtime="onnx").encode_passages(TEXTS)
    by_torch = load_encoder(source, runtime="torch", device="cpu").encode_passages(TEXTS)
    np.testing.assert_allclose(by_graph, by_torch, atol=1e-5)
    assert (by_torch @ by_torch.T)[0, 2] < 0.98, "the vectors are too alike for this comparison to mean anything"


@pytest.mark.parametrize("pooling", list(Pooling))
def test_the_graph_of_each_pooler_gives_the_vectors_of_torch(
    pooling: Pooling, plain_bert: Path, tmp_path: Path
) -> None:
    export_onnx(plain_bert, tmp_path / "out", forms=["fp32"], pooling=pooling)
    by_graph = load_encoder(tmp_path / "out", runtime="onnx").encode_passages(TEXTS)
    by_torch = load_encoder(plain_bert, pooling=pooling, device="cpu").encode_passages(TEXTS)
    np.testing.assert_allclose(by_graph, by_torch, atol=1e-5)


@pytest.mark.parametrize("pooling", [Pooling.AVG_TOP2, Pooling.AVG_FIRST_LAST])
def test_poolers_over_two_layers_agree_for_modernbert(
    pooling: Pooling, make_checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_checkpoint("modernbert")
    export_onnx(source, tmp_path / "out", forms=["fp32"], pooling=pooling)
    by_graph = load_encoder(tmp_path / "out", runtime="onnx").encode_passages(TEXTS)
    by_torch = load_encoder(source, pooling=pooling, device="cpu").encode_passages(TEXTS)
    np.testing.assert_allclose(by_graph, by_torch, atol=1e-5)


def test_relative_buckets_are_those_of_mpnet() -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    distances = torch.arange(-511, 512)
    expected = MPNetEncoder.relative_position_bucket(distances, num_buckets=32)
    assert relative_buckets(512, 32).tolist() == expected.tolist()


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"'t5'.*known are bert"):
        encoder_graph(SimpleNamespace(model_type="t5"), GraphBuilder({}), Pooling.AVG, [], 32)


def test_relative_position_embeddings_are_refused() -> None:
    config = SimpleNamespace(model_type="bert", position_embedding_type="relative_key")
    with pytest.raises(CheckpointError, match="no ONNX graph"):
        encoder_graph(config, GraphBuilder({}), Pooling.AVG, [], 32)
