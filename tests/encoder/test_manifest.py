from __future__ import annotations

import json
from pathlib import Path

import pytest

from searchkit.encoder.manifest import (
    MANIFEST,
    GraphRecord,
    HeadRecord,
    Manifest,
    WeightsRecord,
    read_json,
    read_manifest,
    write_manifest,
)
from searchkit.encoder.pooling import Activation, Pooling
from searchkit.errors import CheckpointError

EXAMPLE = Manifest(
    name="tiny",
    pooling=Pooling.CLS,
    heads=(HeadRecord("model.safetensors", "pooler.dense.weight", "pooler.dense.bias", Activation.TANH),),
    dimension=32,
    max_tokens=24,
    lower_case=False,
    query_prompt="query: ",
    passage_prompt="",
    weights=(WeightsRecord("model.safetensors", 10, "aa", "bb"),),
    tokenizer_sha256="cc",
    graphs=(GraphRecord("model.onnx", "fp16", "dd"),),
    base="made/here",
    license="Apache-2.0",
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_manifest(tmp_path, EXAMPLE)
    assert read_manifest(tmp_path) == EXAMPLE


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


def test_another_format_is_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, EXAMPLE)
    fields = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(fields | {"format": 2}))
    with pytest.raises(CheckpointError, match="not of format 1"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"pooling": "sum"}, {"heads": [{"file": "x"}]}, {"weights": 3}, {"extra": 1}, {"graphs": [{"file": "x"}]}],
)
def test_a_damaged_one_is_named(change: dict[str, object], tmp_path: Path) -> None:
    write_manifest(tmp_path, EXAMPLE)
    fields = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(fields | change))
    with pytest.raises(CheckpointError, match=r"searchkit\.json is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(("content", "found"), [("", "not JSON"), ("[]", "found list")])
def test_json_that_is_no_object_is_named(content: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=rf"config\.json is damaged: .*{found}"):
        read_json(tmp_path / "config.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
        read_json(tmp_path / "config.json")
