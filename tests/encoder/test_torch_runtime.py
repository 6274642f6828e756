from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import load_encoder
from searchkit.encoder.torch_runtime import resolve_device
from searchkit.errors import CheckpointError, EncoderError, InputError, MissingExtraError

torch = pytest.importorskip("torch")
np_files = pytest.importorskip("safetensors.numpy")


@pytest.fixture
def folder(plain_bert: Path, tmp_path: Path) -> Path:
    """A plain transformers folder that may be changed."""
    return Path(shutil.copytree(plain_bert, tmp_path / "tiny"))


def test_a_device_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="'tpu'; expected one of auto, cpu, cuda, mps"):
        resolve_device("tpu")


def test_a_device_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(EncoderError, match="no cuda device"):
        resolve_device("cuda")


def test_auto_prefers_cuda_then_apples_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


def test_fewer_than_one_thread_is_refused(plain_bert: Path) -> None:
    with pytest.raises(InputError, match="threads is 0; expected at least 1"):
        load_encoder(plain_bert, device="cpu", threads=0)


def test_missing_weights_are_named_not_made_up(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = np_files.load_file(path)
    del tensors["encoder.layer.1.output.dense.weight"]
    np_files.save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        load_encoder(folder, device="cpu")


def test_weights_of_another_shape_are_named(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"intermediate_size": 48', '"intermediate_size": 64'))
    with pytest.raises(CheckpointError, match="tiny"):
        load_encoder(folder, device="cpu")


def test_an_architecture_that_transformers_does_not_know_is_named(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"bert"', '"brontosaurus"'))
    with pytest.raises(CheckpointError, match="transformers cannot load"):
        load_encoder(folder, device="cpu")


def test_missing_torch_is_named_with_the_command_that_brings_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[train\]"):
        load_encoder(folder)


def test_half_precision_weights_are_computed_in_float32(folder: Path, plain_bert: Path) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.astype(np.float16) for name, tensor in np_files.load_file(path).items()}
    np_files.save_file(tensors, path, metadata={"format": "pt"})
    encoder = load_encoder(folder, device="cpu")
    assert next(encoder._runtime._model.parameters()).dtype is torch.float32
    cosines = (encoder.encode(TEXTS) * load_encoder(plain_bert, device="cpu").encode(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.99999


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_in_bfloat16_agrees_with_the_cpu(plain_bert: Path) -> None:
    on_gpu = load_encoder(plain_bert, device="cuda")
    assert on_gpu.runtime == "torch-cuda-bf16"
    cosines = (on_gpu.encode(TEXTS) * load_encoder(plain_bert, device="cpu").encode(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.999
