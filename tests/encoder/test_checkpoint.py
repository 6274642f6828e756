from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

import searchkit.encoder.checkpoint as reading
from searchkit.encoder import Pooling, load_encoder, read_checkpoint
from searchkit.errors import CheckpointError, InputError

np_files = pytest.importorskip("safetensors.numpy")


def change(path: Path, **fields: object) -> None:
    """Set fields of a JSON object; None removes one."""
    config = {**json.loads(path.read_text()), **fields} if path.exists() else fields
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def rewrite(path: Path, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the tensors of a safetensors file."""
    np_files.save_file(edit(np_files.load_file(path)), path, metadata={"format": "pt"})


@pytest.fixture
def folder(plain_bert: Path, tmp_path: Path) -> Path:
    """A plain transformers folder that may be changed."""
    return Path(shutil.copytree(plain_bert, tmp_path / "tiny"))


@pytest.fixture
def exported(exported_bert: Path, tmp_path: Path) -> Path:
    """An exported folder that may be changed."""
    return Path(shutil.copytree(exported_bert, tmp_path / "exported"))


def test_a_plain_folder_is_pooled_by_the_mean(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    assert (checkpoint.pooling, checkpoint.heads) == (Pooling.AVG, ())
    assert (checkpoint.name, checkpoint.dimension, checkpoint.max_tokens) == ("tiny", 32, 24)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("princeton-nlp/sup-simcse-bert-base-uncased", Pooling.CLS),
        ("princeton-nlp/unsup-simcse-roberta-large", Pooling.CLS_BEFORE_POOLER),
        ("my-simcse", Pooling.CLS),
        ("unsupervised", Pooling.AVG),
    ],
)
def test_simcse_checkpoints_are_known_by_name(name: str, expected: Pooling, folder: Path) -> None:
    assert read_checkpoint(folder, name=name).pooling is expected


def test_a_checkpoint_as_simcse_trains_it_uses_its_own_head(folder: Path, plain_bert: Path) -> None:
    """BertForCL: every name behind ``bert.``, the head called ``mlp``."""
    change(folder / "config.json", architectures=["BertForCL"])

    def edit(tensors: dict[str, Any]) -> dict[str, Any]:
        heads = {f"mlp.dense.{part}": tensors.pop(f"pooler.dense.{part}") for part in ("weight", "bias")}
        return {f"bert.{name}": tensor for name, tensor in tensors.items()} | heads

    rewrite(folder / "model.safetensors", edit)
    checkpoint = read_checkpoint(folder)
    assert checkpoint.pooling is Pooling.CLS
    assert checkpoint.heads[0].weight == "mlp.dense.weight"
    published = load_encoder(plain_bert, pooling="cls", device="cpu")
    trained = load_encoder(folder, device="cpu")
    np.testing.assert_allclose(trained.encode(TEXTS), published.encode(TEXTS), atol=1e-5)


def test_a_pooler_that_is_not_there_is_named(folder: Path) -> None:
    rewrite(folder / "model.safetensors", lambda tensors: {k: v for k, v in tensors.items() if "pooler" not in k})
    assert read_checkpoint(folder).pooling is Pooling.AVG
    with pytest.raises(CheckpointError, match="has no pooler"):
        read_checkpoint(folder, pooling=Pooling.CLS)


def test_overriding_the_pooling_adds_and_removes_the_head(folder: Path) -> None:
    assert len(read_checkpoint(folder, pooling=Pooling.CLS).heads) == 1
    assert read_checkpoint(folder, name="sup-simcse", pooling=Pooling.MAX).heads == ()


def test_graphs_are_left_out_when_the_pooling_is_overridden(exported: Path) -> None:
    assert len(read_checkpoint(exported).graphs) == 1
    assert len(read_checkpoint(exported, pooling=Pooling.AVG).graphs) == 1
    assert read_checkpoint(exported, pooling=Pooling.MAX).graphs == ()


def test_a_dense_module_changes_dimension_and_vectors(folder: Path) -> None:
    kinds = ["Transformer", "Pooling", "Dense"]
    paths = ["", "1_Pooling", "2_Dense"]
    entries = [{"path": p, "type": f"sentence_transformers.models.{k}"} for p, k in zip(paths, kinds, strict=True)]
    (folder / "modules.json").write_text(json.dumps(entries))
    for path in paths[1:]:
        (folder / path).mkdir()
    change(folder / "1_Pooling" / "config.json", pooling_mode_mean_tokens=True)
    change(folder / "2_Dense" / "config.json", bias=False, activation_function="torch.nn.modules.linear.Identity")
    weight = np.eye(32, dtype=np.float32)[[5, 3]]
    np_files.save_file({"linear.weight": weight}, folder / "2_Dense" / "model.safetensors")
    encoder = load_encoder(folder, device="cpu")
    rows = load_encoder(folder, device="cpu").encode(TEXTS)
    assert encoder.dimension == rows.shape[1] == 2
    (folder / "modules.json").unlink()
    whole = load_encoder(folder, device="cpu").encode(TEXTS)[:, [5, 3]]
    np.testing.assert_allclose(rows, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-5)


def test_the_limit_is_the_least_that_is_said(folder: Path) -> None:
    change(folder / "tokenizer_config.json", model_max_length=int(1e30))
    assert read_checkpoint(folder).max_tokens == 40
    change(folder / "config.json", model_type="roberta", pad_token_id=1)
    assert read_checkpoint(folder).max_tokens == 38, "RoBERTa's positions start after the padding token's id"


@pytest.mark.parametrize("limit", [2, 0, 25])
def test_a_limit_beyond_the_checkpoint_is_refused(limit: int, folder: Path) -> None:
    with pytest.raises(InputError, match=f"max_tokens is {limit}; tiny takes 3 to 24"):
        read_checkpoint(folder, max_tokens=limit)


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin, a pickle"):
        read_checkpoint(folder)


def test_code_of_a_checkpoint_is_refused(folder: Path) -> None:
    change(folder / "config.json", auto_map={"AutoModel": "modeling.Mine"})
    with pytest.raises(CheckpointError, match="auto_map"):
        read_checkpoint(folder)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a folder"):
        read_checkpoint(tmp_path / "nowhere")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors"):
        read_checkpoint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        read_checkpoint(folder)


def test_sharded_weights_load(folder: Path, plain_bert: Path) -> None:
    tensors = np_files.load_file(folder / "model.safetensors")
    names = sorted(tensors)
    shards = {"a.safetensors": names[:9], "b.safetensors": names[9:]}
    for file, part in shards.items():
        np_files.save_file({name: tensors[name] for name in part}, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, part in shards.items() for name in part}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
    assert [path.name for path in read_checkpoint(folder).weights] == list(shards)
    rows = load_encoder(folder, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(rows, load_encoder(plain_bert, device="cpu").encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("file", ["../elsewhere.safetensors", "/etc/passwd"])
def test_weights_outside_the_folder_are_refused(file: str, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    with pytest.raises(CheckpointError, match="outside the checkpoint folder"):
        read_checkpoint(folder)


@pytest.mark.parametrize("file", ["C:elsewhere.safetensors", "\\\\elsewhere.safetensors", "\\\\server\\share\\x"])
def test_weights_outside_the_folder_are_refused_on_windows_too(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "Path", PureWindowsPath)
    with pytest.raises(CheckpointError, match="outside the checkpoint folder"):
        reading._inside(PureWindowsPath("D:/models/tiny"), file)  # type: ignore[arg-type]


def test_an_index_of_no_weights_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"index\.json names no weights"):
        read_checkpoint(folder, pooling=Pooling.CLS)


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("config.json", {"max_position_embeddings": "many"}),
        ("config.json", {"pad_token_id": [0]}),
        ("tokenizer_config.json", {"model_max_length": float("inf")}),
        ("sentence_bert_config.json", {"max_seq_length": "long"}),
        ("sentence_bert_config.json", {"processing_kwargs": ["x"]}),
        ("config_sentence_transformers.json", {"prompts": ["query"]}),
    ],
)
def test_a_setting_of_the_wrong_type_is_an_error_of_ours(file: str, fields: dict[str, Any], folder: Path) -> None:
    (folder / "modules.json").write_text('[{"path": "", "type": "sentence_transformers.models.Transformer"}]')
    read_checkpoint(folder)
    change(folder / file, **fields)
    with pytest.raises(CheckpointError, match="tiny has a setting that is missing or of the wrong type"):
        read_checkpoint(folder)


def test_weights_that_were_altered_after_the_export_are_noticed(exported: Path) -> None:
    path = exported / "model.safetensors"
    size = path.stat().st_size
    rewrite(path, lambda tensors: {name: tensor + tensor.dtype.type(0.01) for name, tensor in tensors.items()})
    assert path.stat().st_size == size
    with pytest.raises(CheckpointError, match=r"is not the file that searchkit\.json describes"):
        read_checkpoint(exported)


def test_torn_weights_are_noticed(exported: Path) -> None:
    path = exported / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is not the file"):
        read_checkpoint(exported)


def test_an_altered_tokenizer_is_noticed(exported: Path) -> None:
    path = exported / "tokenizer.json"
    path.write_text(path.read_text().replace("quick", "quack"))
    with pytest.raises(CheckpointError, match=r"tokenizer\.json was altered"):
        read_checkpoint(exported)


def test_the_fingerprint_is_the_same_wherever_the_folder_lies(exported: Path, folder: Path, tmp_path: Path) -> None:
    for original in (exported, folder):
        copy = Path(shutil.copytree(original, tmp_path / "copies" / original.name / "another-name"))
        (copy / "config.json").touch()
        assert read_checkpoint(copy).fingerprint() == read_checkpoint(original).fingerprint()


def test_the_fingerprint_changes_with_whatever_shapes_a_vector(folder: Path) -> None:
    checkpoint = read_checkpoint(folder)
    found = {
        checkpoint.fingerprint(),
        checkpoint.fingerprint(truncate_dim=16),
        checkpoint.fingerprint(form="int8"),
        read_checkpoint(folder, pooling=Pooling.MAX).fingerprint(),
        read_checkpoint(folder, max_tokens=12).fingerprint(),
    }
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace("quick", "quack"))
    found.add(read_checkpoint(folder).fingerprint())
    rewrite(folder / "model.safetensors", lambda tensors: {k: v * np.float32(1.01) for k, v in tensors.items()})
    found.add(read_checkpoint(folder).fingerprint())
    assert len(found) == 7
