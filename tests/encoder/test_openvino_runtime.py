from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from searchkit.encoder import export_onnx, load_encoder, read_checkpoint
from searchkit.errors import CheckpointError, InputError, MissingExtraError

openvino = pytest.importorskip("openvino")


def cosines(one: Any, other: Any, texts: Sequence[str]) -> Any:
    return np.einsum("nd,nd->n", one.encode_passages(texts), other.encode_passages(texts))


def test_vectors_are_those_of_onnx_runtime(exported_bert: Path) -> None:
    ours = load_encoder(exported_bert, runtime="openvino")
    theirs = load_encoder(exported_bert, runtime="onnx")
    texts = [*TEXTS, "", "word " * 600, *(f"{n} words of their own" for n in range(70))]
    least = 0.9999 if ours.runtime == "openvino-cpu-bf16" else 0.999999
    assert cosines(ours, theirs, texts).min() > least
    assert ours.fingerprint == theirs.fingerprint


def test_the_bundled_encoder_runs_too() -> None:
    ours = load_encoder(runtime="openvino", threads=1)
    assert cosines(ours, load_encoder(threads=1), ["how do I undo a commit", "bees dance"]).min() > 0.999


def test_the_device_asks_for_it(exported_bert: Path) -> None:
    assert load_encoder(exported_bert, device="openvino").runtime.startswith("openvino-cpu-")
    assert load_encoder(exported_bert, device="openvino", runtime="onnx").runtime == "onnx-cpu-fp16"


def test_threads_do_not_mix_up_their_texts(exported_bert: Path) -> None:
    encoder = load_encoder(exported_bert, runtime="openvino", threads=1)
    texts = [f"fox {number} " + "runs " * (number % 7) for number in range(40)]
    alone = np.concatenate([encoder.encode_queries([text]) for text in texts])
    with ThreadPoolExecutor(8) as pool:
        together = np.concatenate(list(pool.map(lambda text: encoder.encode_queries([text]), texts)))
    np.testing.assert_array_equal(together, alone)


def test_rows_stay_as_they_were_when_more_is_embedded(exported_bert: Path) -> None:
    runtime = load_encoder(exported_bert, runtime="openvino")._runtime
    ids, mask = np.array([[2, 5, 6, 3]]), np.ones((1, 4), np.int64)
    first = runtime.embed(ids, mask)
    kept = first.copy()
    runtime.embed(ids[:, ::-1].copy(), mask)
    np.testing.assert_array_equal(first, kept)


def test_without_the_extra_the_next_step_is_named(exported_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError) as raised:
        load_encoder(exported_bert, runtime="openvino")
    assert "searchkit[openvino]" in (raised.value.hint or "")


def test_a_checkpoint_without_a_graph_is_named(plain_bert: Path) -> None:
    with pytest.raises(CheckpointError, match="it has no graphs"):
        load_encoder(plain_bert, device="openvino")


def test_the_graph_in_eight_bits_runs_and_is_told_apart(plain_bert: Path, tmp_path: Path) -> None:
    export_onnx(plain_bert, tmp_path / "both", forms=("fp16", "int8"))
    whole = load_encoder(tmp_path / "both", runtime="openvino")
    rounded = load_encoder(tmp_path / "both", runtime="openvino", graph="model_int8.onnx")
    assert rounded.runtime == "openvino-cpu-int8"
    assert 0.98 < cosines(rounded, whole, TEXTS).min() < 1
    assert rounded.fingerprint != whole.fingerprint


def test_a_graph_that_is_no_graph_is_named(exported_bert: Path, tmp_path: Path) -> None:
    import hashlib

    folder = Path(shutil.copytree(exported_bert, tmp_path / "exported"))
    (folder / "model.onnx").write_bytes(b"no graph")
    manifest = json.loads((folder / "searchkit.json").read_text())
    manifest["graphs"][0]["sha256"] = hashlib.sha256(b"no graph").hexdigest()
    (folder / "searchkit.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=r"OpenVINO cannot load .*model\.onnx"):
        load_encoder(folder, runtime="openvino")


@pytest.mark.parametrize("kind", ["up", "absolute"])
def test_a_graph_cannot_reach_outside_its_folder(kind: str, exported_bert: Path, tmp_path: Path) -> None:
    import hashlib

    onnx = pytest.importorskip("onnx")
    folder = Path(shutil.copytree(exported_bert, tmp_path / "exported"))
    secret = folder.parent / "secret.safetensors"
    shutil.copyfile(folder / "model.safetensors", secret)
    location = {"up": "../secret.safetensors", "absolute": str(secret)}[kind]
    graph = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in graph.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    manifest = json.loads((folder / "searchkit.json").read_text())
    manifest["graphs"][0]["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "searchkit.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=r"OpenVINO cannot load .*model\.onnx"):
        load_encoder(folder, runtime="openvino")


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_must_be_positive(threads: int, exported_bert: Path) -> None:
    from searchkit.encoder.openvino_runtime import OpenVinoRuntime

    with pytest.raises(InputError, match=f"threads is {threads}"):
        OpenVinoRuntime(read_checkpoint(exported_bert), threads=threads)


def test_nothing_is_sent_although_its_package_brings_a_telemetry() -> None:
    """What would send is written in Python, so that Python's own audit sees it."""
    code = (
        "import sys; seen = [];"
        "sys.addaudithook(lambda event, _: seen.append(event) if event.startswith('socket.') else None);"
        "from searchkit.encoder import load_encoder;"
        "load_encoder(runtime='openvino').encode(['a text']);"
        "import openvino_telemetry; assert not seen, seen;"
        "import socket; socket.socket(); assert seen"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
