from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import load_encoder, onnx_runtime, read_checkpoint
from searchkit.encoder.onnx_runtime import PLAIN_TOKENS, OnnxRuntime, default_threads
from searchkit.errors import CheckpointError, InputError


@pytest.fixture
def folder(exported_bert: Path, tmp_path: Path) -> Path:
    """An exported folder that may be changed."""
    return Path(shutil.copytree(exported_bert, tmp_path / "exported"))


def vouch(folder: Path, content: bytes) -> None:
    """Write the graph, and its digest into searchkit.json, as someone with bad intent could."""
    (folder / "model.onnx").write_bytes(content)
    manifest = json.loads((folder / "searchkit.json").read_text())
    manifest["graphs"][0]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "searchkit.json").write_text(json.dumps(manifest))


def test_the_first_query_and_later_work_give_the_same_vectors(exported_bert: Path) -> None:
    """The plain session takes the first tokens, the tuned one all that follow."""
    encoder = load_encoder(exported_bert, runtime="onnx")
    runtime = encoder._runtime
    plain = runtime._session
    first = encoder.encode_queries(["restore a deleted file"])
    assert runtime._session is plain
    many = encoder.encode_passages(["restore a deleted file", *(f"fox {i}" for i in range(PLAIN_TOKENS))])
    assert runtime._session is not plain
    np.testing.assert_allclose(first[0], many[0], atol=1e-6)
    tuned = runtime._session
    encoder.encode_passages(TEXTS)
    assert runtime._session is tuned


def test_few_tokens_at_a_time_are_tuned_for_in_the_end(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert, runtime="onnx")
    plain = encoder._runtime._session
    for i in range(PLAIN_TOKENS):
        encoder.encode_queries([f"fox {i}"])
    assert encoder._runtime._session is not plain


def test_a_graph_that_is_not_there_is_named(exported_bert: Path, plain_bert: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no exported graph 'model_int8\.onnx'; it has model\.onnx"):
        load_encoder(exported_bert, runtime="onnx", graph="model_int8.onnx")
    with pytest.raises(CheckpointError, match="it has no graphs"):
        load_encoder(plain_bert, runtime="onnx")


def test_an_altered_graph_is_not_run(folder: Path) -> None:
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(CheckpointError, match=r"model\.onnx was altered"):
        load_encoder(folder)


def test_a_graph_that_is_no_graph_is_named(folder: Path) -> None:
    vouch(folder, b"no graph")
    with pytest.raises(CheckpointError, match=r"model\.onnx cannot be loaded"):
        load_encoder(folder)


@pytest.mark.parametrize("kind", ["up", "absolute", "link", "beyond"])
def test_a_graph_cannot_reach_outside_its_folder_or_past_a_file(kind: str, folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    secret = folder.parent / "secret.safetensors"
    shutil.copyfile(folder / "model.safetensors", secret)
    (folder / "link.safetensors").symlink_to(secret)
    locations = {"up": "../secret.safetensors", "absolute": str(secret), "link": "link.safetensors"}
    graph = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in graph.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = locations.get(kind, entry.value)
            if entry.key == "offset" and kind == "beyond":
                entry.value = str(10**9)
    vouch(folder, graph.SerializeToString())
    with pytest.raises(CheckpointError, match=r"model\.onnx cannot be loaded"):
        load_encoder(folder)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_must_be_positive(threads: int, exported_bert: Path) -> None:
    with pytest.raises(InputError, match=f"threads is {threads}"):
        OnnxRuntime(read_checkpoint(exported_bert), threads=threads)


def test_the_environment_sets_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3
    for nonsense in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert 1 <= default_threads() <= (os.cpu_count() or 1)


def test_two_logical_processors_of_one_core_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(onnx_runtime, "_siblings", lambda cpu: f"{cpu % 2},{cpu % 2 + 2}")
    assert default_threads() == 2
