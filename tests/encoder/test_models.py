from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from searchkit.encoder import Pooling, describe, list_models, load_encoder, models, verify_checkpoint
from searchkit.errors import CheckpointError


@pytest.fixture
def folder(exported_bert: Path, tmp_path: Path) -> Path:
    """An exported folder that may be changed."""
    return Path(shutil.copytree(exported_bert, tmp_path / "models" / "tiny-bert"))


def test_a_checkpoint_is_described_without_loading_it(folder: Path) -> None:
    info = describe(folder)
    encoder = load_encoder(folder)
    assert (info.name, info.dimension, info.max_tokens, info.pooling) == ("tiny-bert", 32, 24, Pooling.AVG)
    assert (info.base, info.license) == ("made/here", "Apache-2.0")
    assert info.runtimes == ("onnx-fp16", "openvino", "torch")
    assert info.fingerprint == encoder.fingerprint
    assert info.size_bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_parameters_are_counted(folder: Path) -> None:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder)
    assert describe(folder).parameters == sum(parameter.numel() for parameter in model.parameters())


def test_a_plain_folder_is_described_too(plain_bert: Path) -> None:
    info = describe(plain_bert)
    assert (info.runtimes, info.base, info.license) == (("torch",), "", "")


def test_unusable_folders_are_left_out_of_the_list(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "bundled_folder", lambda: tmp_path / "bundled" / "default")
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "config.json").write_text("{")
    assert [info.folder for info in list_models(folder.parent)] == [folder]
    shutil.copytree(folder, tmp_path / "bundled" / "default")
    assert [info.folder.name for info in list_models(folder.parent)] == ["default", "tiny-bert"]


def test_verifying_reads_every_byte(folder: Path) -> None:
    verify_checkpoint(folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        verify_checkpoint(folder)


def test_a_folder_without_digests_cannot_be_verified(plain_bert: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no searchkit\.json"):
        verify_checkpoint(plain_bert)
