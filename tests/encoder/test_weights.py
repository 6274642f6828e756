from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from searchkit.encoder.weights import (
    TensorInfo,
    combined_sha256,
    file_sha256,
    parameter_count,
    read_header,
    sample_sha256,
)
from searchkit.errors import CheckpointError


def write(path: Path, header: object, data: bytes = b"") -> Path:
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def test_the_header_says_where_the_bytes_lie(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    matrix = np.arange(6, dtype=np.float16).reshape(2, 3)
    numpy.save_file({"a": matrix, "b": np.ones(2, np.float32)}, tmp_path / "w.safetensors")
    header = read_header(tmp_path / "w.safetensors")
    found = header["a"]
    assert (found.dtype, found.shape, found.size) == ("F16", (2, 3), 12)
    stored = (tmp_path / "w.safetensors").read_bytes()[found.offset : found.offset + found.size]
    assert stored == matrix.tobytes()
    assert parameter_count([header]) == 8


@pytest.mark.parametrize(("dtype", "size"), [("F8_E4M3", 1), ("BF16", 2), ("U16", 2), ("U64", 8)])
def test_every_dtype_of_the_format_is_measured(dtype: str, size: int, tmp_path: Path) -> None:
    entry = {"dtype": dtype, "shape": [3], "data_offsets": [0, 3 * size]}
    assert read_header(write(tmp_path / "w", {"a": entry}, bytes(3 * size)))["a"].size == 3 * size


def test_metadata_is_no_tensor(tmp_path: Path) -> None:
    path = write(tmp_path / "w", {"__metadata__": {"format": "pt"}})
    assert read_header(path) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01\x02",
        struct.pack("<Q", 10**12) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 3) + b"{]}",
        struct.pack("<Q", 2) + b"\xff\xfe",
    ],
    ids=["empty", "torn", "length", "list", "syntax", "bytes"],
)
def test_a_damaged_header_names_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        read_header(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 400]},
        {"dtype": "F32", "shape": [200], "data_offsets": [0, 800]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F31", "shape": [2], "data_offsets": [0, 8]},
        {"shape": [2]},
        17,
    ],
    ids=["size", "beyond the end", "before the start", "dtype", "incomplete", "number"],
)
def test_a_tensor_that_does_not_fit_is_refused(entry: object, tmp_path: Path) -> None:
    path = write(tmp_path / "w", {"a": entry}, bytes(8))
    with pytest.raises(CheckpointError, match="is damaged"):
        read_header(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for read in (read_header, file_sha256, sample_sha256):
        with pytest.raises(CheckpointError, match="nowhere"):
            read(tmp_path / "nowhere")


def test_digests_depend_on_the_bytes_alone(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(1_000_000)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(content)
    changed = bytearray(content)
    changed[-1] ^= 1
    (tmp_path / "c").write_bytes(changed)
    for digest in (file_sha256, sample_sha256):
        assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_the_sample_notices_weights_that_were_trained_further(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).standard_normal(500_000).astype(np.float16)
    (tmp_path / "before").write_bytes(weights.tobytes())
    weights[200_000:300_000] += np.float16(0.01)  # one layer of a few
    (tmp_path / "after").write_bytes(weights.tobytes())
    assert sample_sha256(tmp_path / "before") != sample_sha256(tmp_path / "after")


def test_the_order_of_files_counts() -> None:
    assert combined_sha256(["a", "b"]) != combined_sha256(["b", "a"])


def test_no_tensors_have_no_parameters() -> None:
    assert parameter_count([{}, {"scalar": TensorInfo("F32", (), 0, 4)}]) == 1
