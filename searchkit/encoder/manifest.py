"""``searchkit.json``: what `searchkit model export` knows about a checkpoint folder.

    format            1
    name, base, license   what to show; ``base`` is the checkpoint it was made from
    pooling           a name of `Pooling`
    heads             dense layers after pooling: file, weight, bias, activation
    dimension, max_tokens, lower_case, query_prompt, passage_prompt
    weights           per safetensors file: bytes, sha256, sample (see `weights.sample_sha256`)
    tokenizer_sha256  of tokenizer.json
    graphs            per ONNX file: form (fp32, fp16, int8), sha256

The digests stand here so that a cold start need not read 45 MB: the sample and the size are checked instead.
Graphs point into the weights by byte position, so a graph counts only where this file vouches for both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchkit.encoder.pooling import Activation, Pooling
from searchkit.errors import CheckpointError

MANIFEST = "searchkit.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class HeadRecord:
    """A dense layer after pooling: tensors of a safetensors file inside the folder."""

    file: str
    weight: str
    bias: str | None
    activation: Activation


@dataclass(frozen=True, slots=True)
class WeightsRecord:
    """A safetensors file as it was exported."""

    file: str
    bytes: int
    sha256: str
    sample: str


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """An ONNX graph and the form of its weights: fp32, fp16 or int8."""

    file: str
    form: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of ``searchkit.json``."""

    name: str
    pooling: Pooling
    heads: tuple[HeadRecord, ...]
    dimension: int
    max_tokens: int
    lower_case: bool
    query_prompt: str
    passage_prompt: str
    weights: tuple[WeightsRecord, ...]
    tokenizer_sha256: str
    graphs: tuple[GraphRecord, ...]
    base: str = ""
    license: str = ""


MOST_BYTES = 64 << 20  # of a JSON file that describes a checkpoint


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or a `CheckpointError` that names the file."""
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise CheckpointError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise CheckpointError(f"{path} is damaged: it is not JSON ({exc})") from exc
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: expected a JSON object, found {type(value).__name__}")
    return value


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a checkpoint folder, or None where there is none.

    Raises:
        CheckpointError: it is damaged, or written by a newer searchkit.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    fields = read_json(path)
    if fields.pop("format", None) != FORMAT:
        raise CheckpointError(f"{path} is not of format {FORMAT}", hint="update searchkit, or export again")
    try:
        return _manifest(fields)
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckpointError(f"{path} is damaged: {exc}", hint="run `searchkit model export` again") from exc


def _manifest(fields: dict[str, Any]) -> Manifest:
    fields["pooling"] = Pooling(fields["pooling"])
    fields["heads"] = tuple(_head(head) for head in fields["heads"])
    fields["weights"] = tuple(WeightsRecord(**record) for record in fields["weights"])
    fields["graphs"] = tuple(GraphRecord(**record) for record in fields["graphs"])
    return Manifest(**fields)


def _head(fields: Mapping[str, Any]) -> HeadRecord:
    return HeadRecord(fields["file"], fields["weight"], fields["bias"], Activation(fields["activation"]))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``searchkit.json``; the caller renames the folder when all of it is there."""
    fields = {"format": FORMAT, **asdict(manifest), "pooling": manifest.pooling.value}
    fields["heads"] = [asdict(head) | {"activation": head.activation.value} for head in manifest.heads]
    (folder / MANIFEST).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
