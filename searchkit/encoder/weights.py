"""safetensors files as the encoder needs them: the header checked, the bytes digested.

A file is 8 bytes (little-endian header length), a JSON header, then the tensors' bytes. Reading the header alone
tells names, shapes and positions, which is enough to check a checkpoint, to count its parameters, and to let an
ONNX graph point at the very same bytes. Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from searchkit.errors import CheckpointError

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "BOOL": 1}
ITEM_BYTES |= {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1}
MAX_HEADER_BYTES = 100_000_000  # the format's own limit
SAMPLES = 64
SAMPLE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where one tensor lies: ``size`` bytes from ``offset``, counted from the start of the file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int


def read_header(path: Path) -> dict[str, TensorInfo]:
    """Name, dtype, shape and place of every tensor of a safetensors file.

    Raises:
        CheckpointError: the file is absent, torn, or its header does not fit its size.
    """
    try:
        total = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(MAX_HEADER_BYTES, total - 8):
                raise _damaged(path, f"a header of {length} bytes in a file of {total}")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        return {name: _tensor(path, name, entry, 8 + length, total) for name, entry in header.items()}
    except FileNotFoundError as exc:
        raise CheckpointError(f"{path} does not exist") from exc
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read: {exc.strerror}") from exc
    except (struct.error, ValueError, AttributeError, KeyError, TypeError, RecursionError) as exc:
        raise _damaged(path, "its header is no safetensors header") from exc


def _tensor(path: Path, name: str, entry: Mapping[str, Any], base: int, total: int) -> TensorInfo:
    start, end = entry["data_offsets"]
    shape = tuple(int(size) for size in entry["shape"])
    expected = prod(shape) * ITEM_BYTES[entry["dtype"]]
    if start < 0 or end - start != expected or base + end > total:
        raise _damaged(path, f"tensor {name!r} needs {expected} bytes at {base + start} of {total}")
    return TensorInfo(entry["dtype"], shape, base + start, expected)


def _damaged(path: Path, found: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {found}", hint="copy or export the checkpoint again")


def parameter_count(headers: Iterable[Mapping[str, TensorInfo]]) -> int:
    """Numbers in all tensors together."""
    return sum(prod(tensor.shape) for header in headers for tensor in header.values())


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()


def sample_sha256(path: Path) -> str:
    """SHA-256 of a file's size and of 64 blocks spread over it: notices other weights in about a millisecond."""
    try:
        total = path.stat().st_size
        digest = hashlib.sha256(str(total).encode())
        with path.open("rb") as file:
            for number in range(SAMPLES):
                file.seek(max(0, total - SAMPLE_BYTES) * number // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()


def combined_sha256(digests: Iterable[str]) -> str:
    """One digest for several files, in the order given."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
