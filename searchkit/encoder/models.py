"""What `searchkit model list` and `info` show, and the full check of a checkpoint's digests."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from searchkit.encoder.checkpoint import RE_EXPORT, read_checkpoint
from searchkit.encoder.hub import bundled_folder, name_of, resolve_checkpoint
from searchkit.encoder.manifest import MANIFEST, read_manifest
from searchkit.encoder.pooling import Pooling
from searchkit.encoder.weights import file_sha256, parameter_count, read_header
from searchkit.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One checkpoint.

    Attributes:
        parameters: numbers in the weights of the transformer.
        size_bytes: of all files of the folder.
        runtimes: what can run it here: ``onnx`` with each graph's form; ``openvino`` and ``torch`` where installed.
        base: the checkpoint it was made from; empty where nothing is recorded, as is ``license``.
    """

    name: str
    folder: Path
    dimension: int
    max_tokens: int
    pooling: Pooling
    parameters: int
    size_bytes: int
    fingerprint: str
    runtimes: tuple[str, ...]
    base: str
    license: str


def describe(path_or_name: str | Path | None = None) -> ModelInfo:
    """What is known of a checkpoint without loading it.

    Raises:
        CheckpointError: there is none, or it cannot be used.
    """
    folder = resolve_checkpoint(path_or_name)
    checkpoint = read_checkpoint(folder, name=name_of(path_or_name, folder))
    runtimes = [f"onnx-{graph.form}" for graph in checkpoint.graphs]
    if checkpoint.graphs and find_spec("openvino"):
        runtimes.append("openvino")
    if find_spec("torch") and find_spec("transformers"):
        runtimes.append("torch")
    return ModelInfo(
        name=checkpoint.name,
        folder=folder,
        dimension=checkpoint.dimension,
        max_tokens=checkpoint.max_tokens,
        pooling=checkpoint.pooling,
        parameters=parameter_count(read_header(path) for path in checkpoint.weights),
        size_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        fingerprint=checkpoint.fingerprint(),
        runtimes=tuple(runtimes),
        base=checkpoint.base,
        license=checkpoint.license,
    )


def list_models(*folders: Path) -> list[ModelInfo]:
    """The bundled checkpoints, then those that lie directly in the given folders; unusable ones are left out."""
    found = []
    for parent in (bundled_folder().parent, *folders):
        for config in sorted(parent.glob("*/config.json")):
            try:
                found.append(describe(config.parent))
            except CheckpointError:
                continue
    return found


def verify_checkpoint(folder: Path) -> None:
    """Read every weight of an exported checkpoint and compare it with ``searchkit.json``; takes a second or so.

    Raises:
        CheckpointError: there is no ``searchkit.json``, or a file differs from what it records.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise CheckpointError(f"{folder} has no {MANIFEST} to compare with", hint="run `searchkit model export`")
    read_checkpoint(folder)
    recorded = {record.file: record.sha256 for record in manifest.weights}
    recorded |= {record.file: record.sha256 for record in manifest.graphs}
    for file, digest in recorded.items():
        if file_sha256(folder / file) != digest:
            raise CheckpointError(f"{folder / file} differs from what {MANIFEST} records", hint=RE_EXPORT)
