from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import Pooling, checkpoint_writer, export_onnx, load_encoder, read_checkpoint
from searchkit.encoder.sentence_encoder import unit_rows
from searchkit.errors import EncoderError, InputError

pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
np_files = pytest.importorskip("safetensors.numpy")


def least_cosine(a: Any, b: Any) -> float:
    return float((a * b).sum(axis=1).min())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_is_complete_and_weights_are_kept_once(exported_bert: Path) -> None:
    assert set(contents(exported_bert)) == {
        *("config.json", "model.safetensors", "model.onnx", "searchkit.json"),
        *("tokenizer.json", "tokenizer_config.json"),
        *("modules.json", "1_Pooling/config.json", "2_Normalize/config.json"),
        *("sentence_bert_config.json", "config_sentence_transformers.json"),
    }
    tensors = np_files.load_file(exported_bert / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}


def test_a_big_weight_is_not_in_the_graph(exported_bert: Path) -> None:
    import onnx

    graph = onnx.load(exported_bert / "model.onnx", load_external_data=False).graph
    inside = [tensor for tensor in graph.initializer if tensor.data_location != onnx.TensorProto.EXTERNAL]
    assert sum(len(tensor.raw_data) for tensor in inside) < 1000


def test_the_report_says_what_was_written(plain_bert: Path, tmp_path: Path) -> None:
    report = export_onnx(plain_bert, tmp_path / "out", forms=["fp16", "int8"], name="given")
    assert (report.name, report.dimension, report.max_tokens) == ("given", 32, 24)
    assert [(graph.file, graph.form) for graph in report.graphs] == [
        ("model.onnx", "fp16"),
        ("model_int8.onnx", "int8"),
    ]
    assert report.weights_cosine > 0.9999
    assert report.graphs[0].least_cosine > 0.99999
    assert report.sentence_transformers
    assert report.size_bytes == sum(len(content) for content in contents(tmp_path / "out").values())


def test_transformers_loads_the_folder_in_float32_with_the_same_vectors(exported_bert: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(exported_bert), AutoTokenizer.from_pretrained(exported_bert)
    assert model.dtype is torch.float32
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    means = ((states * mask).sum(dim=1) / mask.sum(dim=1)).numpy()
    np.testing.assert_allclose(load_encoder(exported_bert).encode(TEXTS), unit_rows(means), atol=1e-5)


@pytest.mark.parametrize("pooling", [Pooling.CLS, Pooling.CLS_BEFORE_POOLER, Pooling.MAX, Pooling.AVG])
def test_the_files_of_sentence_transformers_describe_the_same_vectors(
    pooling: Pooling, plain_bert: Path, tmp_path: Path
) -> None:
    """Without searchkit.json the folder is read as sentence-transformers would read it."""
    folder = tmp_path / "out"
    export_onnx(plain_bert, folder, pooling=pooling)
    ours = load_encoder(folder, runtime="onnx").encode(TEXTS)
    (folder / "searchkit.json").unlink()
    np.testing.assert_allclose(load_encoder(folder, device="cpu").encode(TEXTS), ours, atol=1e-5)


def test_poolers_over_two_layers_are_left_to_searchkit(plain_bert: Path, tmp_path: Path) -> None:
    report = export_onnx(plain_bert, tmp_path / "out", pooling=Pooling.AVG_FIRST_LAST)
    assert not report.sentence_transformers
    assert not (tmp_path / "out" / "modules.json").exists()
    assert load_encoder(tmp_path / "out").checkpoint.pooling is Pooling.AVG_FIRST_LAST


def test_eight_bits_agree_well_and_are_another_encoder(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    export_onnx(make_checkpoint("bert"), tmp_path / "out", forms=["fp32", "int8"])
    exact = load_encoder(tmp_path / "out")
    eight = load_encoder(tmp_path / "out", graph="model_int8.onnx")
    assert least_cosine(exact.encode(TEXTS), eight.encode(TEXTS)) > 0.99
    assert not np.allclose(exact.encode(TEXTS), eight.encode(TEXTS), atol=1e-5)
    assert eight.fingerprint != exact.fingerprint


def test_eight_bit_vectors_do_not_depend_on_their_neighbours(plain_bert: Path, tmp_path: Path) -> None:
    export_onnx(plain_bert, tmp_path / "out", forms=["int8"])
    encoder = load_encoder(tmp_path / "out", graph="model_int8.onnx")
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-5)


def test_settings_travel_with_the_folder(plain_bert: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(plain_bert, source)
    (source / "modules.json").write_text('[{"path": "", "type": "sentence_transformers.models.Transformer"}]')
    (source / "sentence_bert_config.json").write_text('{"max_seq_length": 12, "do_lower_case": true}')
    (source / "config_sentence_transformers.json").write_text('{"prompts": {"query": "how do i "}}')
    export_onnx(source, tmp_path / "out", max_tokens=10)
    written = read_checkpoint(tmp_path / "out")
    assert (written.max_tokens, written.lower_case, written.query_prompt) == (10, True, "how do i ")
    (tmp_path / "out" / "searchkit.json").unlink()
    again = read_checkpoint(tmp_path / "out")
    assert (again.max_tokens, again.lower_case, again.query_prompt) == (10, True, "how do i ")


def test_the_card_and_the_licence_go_with_the_weights(plain_bert: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(plain_bert, tmp_path / "source"))
    for name in ("README.md", "LICENSE", "NOTICE", "training.json", "optimizer.pt"):
        (source / name).write_text(name)
    export_onnx(source, tmp_path / "out")
    written = contents(tmp_path / "out")
    assert all(written[name] == name.encode() for name in ("README.md", "LICENSE", "NOTICE", "training.json"))
    assert "optimizer.pt" not in written


def test_exporting_an_export_changes_nothing_that_matters(exported_bert: Path, tmp_path: Path) -> None:
    export_onnx(exported_bert, tmp_path / "again")
    before, after = read_checkpoint(exported_bert), read_checkpoint(tmp_path / "again")
    assert before.fingerprint() == after.fingerprint()
    assert (before.base, before.license) == (after.base, after.license)


def test_an_existing_target_is_kept_unless_told_otherwise(plain_bert: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        export_onnx(plain_bert, target)
    assert set(contents(target)) == {"mine"}
    export_onnx(plain_bert, target, overwrite=True)
    assert "model.onnx" in contents(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_checkpoint_can_be_exported_onto_itself(plain_bert: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(plain_bert, tmp_path / "out"))
    export_onnx(folder, folder, overwrite=True)
    rows = load_encoder(folder, runtime="onnx").encode(TEXTS)
    assert least_cosine(rows, load_encoder(plain_bert, device="cpu").encode(TEXTS)) > 0.9999


def test_a_failure_leaves_the_target_as_it_was(
    exported_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(shutil.copytree(exported_bert, tmp_path / "out"))
    before = contents(target)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint_writer, "write_manifest", fail)
    with pytest.raises(OSError, match="disk full"):
        export_onnx(exported_bert, target, overwrite=True)
    assert contents(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_older_checkpoint_comes_back_where_the_new_one_cannot_take_its_name(
    exported_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(shutil.copytree(exported_bert, tmp_path / "out"))
    before, rename = contents(target), Path.rename

    def refuse(self: Path, new: Path) -> Path:
        if Path(new) == target and not self.name.endswith("-older"):
            raise PermissionError("in use")
        return rename(self, new)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError, match="in use"):
        export_onnx(exported_bert, target, overwrite=True)
    assert contents(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_graph_that_disagrees_with_torch_is_not_kept(
    plain_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = checkpoint_writer.encoder_graph

    def wrong(config: Any, builder: Any, _: Pooling, heads: Any, dimension: int) -> Any:
        return right(config, builder, Pooling.MAX, heads, dimension)

    monkeypatch.setattr(checkpoint_writer, "encoder_graph", wrong)
    with pytest.raises(EncoderError, match=r"model\.onnx of tiny does not agree with torch"):
        export_onnx(plain_bert, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_weights_too_large_for_half_precision_are_named(plain_bert: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(plain_bert, tmp_path / "source"))
    tensors = np_files.load_file(source / "model.safetensors")
    tensors["encoder.layer.0.output.dense.bias"][0] = 1e6
    np_files.save_file(tensors, source / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"encoder\.layer\.0\.output\.dense\.bias.*does not fit"):
        export_onnx(source, tmp_path / "out")


@pytest.mark.parametrize("forms", [(), ("fp8",), ("fp16", "fp32")])
def test_forms_that_make_no_sense_are_refused(forms: tuple[str, ...], plain_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="forms"):
        export_onnx(plain_bert, tmp_path / "out", forms=forms)


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
@pytest.mark.parametrize(("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)])
def test_a_checkpoint_has_the_modes_that_the_umask_gives(
    umask: int, file: int, folder: int, plain_bert: Path, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        export_onnx(plain_bert, tmp_path / "out", forms=("fp32",))
    finally:
        os.umask(before)
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & 0o777 == (folder if path.is_dir() else file)


def test_an_exported_folder_says_its_format(exported_bert: Path) -> None:
    assert json.loads((exported_bert / "searchkit.json").read_text())["format"] == 1
