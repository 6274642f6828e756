"""A checkpoint folder, read: what it is, how its tokens become one vector, and what identifies it.

Truth is looked for in this order: ``searchkit.json`` (ours), the files of sentence-transformers, and for a plain
transformers folder the defaults: mean pooling, except for SimCSE checkpoints (an architecture ``*ForCL``, or
"simcse" in the name), which use ``cls_before_pooler`` when "unsup" is in the name and ``cls`` otherwise, as
SimCSE's own tool does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from searchkit.encoder.manifest import MANIFEST, GraphRecord, HeadRecord, Manifest, read_json, read_manifest
from searchkit.encoder.pooling import Activation, Pooling
from searchkit.encoder.sentence_layout import SentenceLayout, read_layout
from searchkit.encoder.weights import combined_sha256, file_sha256, read_header, sample_sha256
from searchkit.errors import CheckpointError, InputError

WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"
POOLER_NAMES = ("mlp.dense", "pooler.dense", "bert.pooler.dense", "roberta.pooler.dense")  # best first
OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet")  # counted from the padding token's id + 1
RE_EXPORT = "run `searchkit model export` on the original checkpoint again"


@dataclass(frozen=True, slots=True)
class DenseHead:
    """A dense layer after pooling: (out, in) weight and (out,) bias in a safetensors file."""

    path: Path
    weight: str
    bias: str | None
    activation: Activation


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One encoder as it lies on disk.

    Attributes:
        pooling: how tokens become one vector; with `Pooling.CLS` the first of ``heads`` is SimCSE's.
        max_tokens: special tokens included.
        lower_case: texts are lower-cased before they are tokenised (what the tokenizer does is its own).
        query_prompt, passage_prompt: put before each text.
        weights: the safetensors files of the transformer.
        weights_digest: of all weights, heads included.
        tokenizer_digest: of the tokenizer's files.
        pad_id: the padding token.
        graphs: ONNX graphs that ``searchkit.json`` vouches for.
    """

    folder: Path
    name: str
    pooling: Pooling
    heads: tuple[DenseHead, ...]
    dimension: int
    max_tokens: int
    lower_case: bool
    query_prompt: str
    passage_prompt: str
    weights: tuple[Path, ...]
    weights_digest: str
    tokenizer_digest: str
    pad_id: int = 0
    graphs: tuple[GraphRecord, ...] = ()
    base: str = ""
    license: str = ""

    def fingerprint(self, *, truncate_dim: int | None = None, form: str = "") -> str:
        """Hex SHA-256 of everything that shapes a vector; the same for every runtime.

        Args:
            truncate_dim: leading columns that are kept, or None.
            form: of a graph whose vectors differ from those of the weights (``int8``), else empty.
        """
        parts = [
            *(self.weights_digest, self.tokenizer_digest, self.pooling.value, self.max_tokens, self.lower_case),
            *(self.query_prompt, self.passage_prompt, truncate_dim, form),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_checkpoint(
    folder: Path, *, name: str = "", pooling: Pooling | None = None, max_tokens: int | None = None
) -> Checkpoint:
    """Read and check a checkpoint folder; the weights themselves are not read where ``searchkit.json`` vouches.

    Args:
        folder: a folder of transformers or sentence-transformers, or one written by `export_onnx`.
        name: what to show, and where "simcse" is looked for; the folder's own name when empty.
        pooling: overrides what the folder says; graphs have their pooling built in and are then left out.
        max_tokens: a lower limit than the folder's.

    Raises:
        CheckpointError: a file is missing, damaged or altered, or needs code that is not ours.
        InputError: ``max_tokens`` is not between 3 and the folder's limit.
    """
    config = read_config(folder)
    manifest = read_manifest(folder)
    with settings_of(folder):
        read = _described(folder, manifest) if manifest else _undescribed(folder, config, name or folder.name)
        read = replace(read, pad_id=padding_token(config))
    if pooling is not None and pooling is not read.pooling:
        read = _with_pooling(read, pooling)
    return read if max_tokens is None else _with_max_tokens(read, max_tokens)


@contextmanager
def settings_of(folder: Path) -> Iterator[None]:
    """Inside the block a setting that is missing or of the wrong type is a `CheckpointError`."""
    try:
        yield
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as exc:
        raise CheckpointError(
            f"{folder} has a setting that is missing or of the wrong type: {exc}",
            hint="download or copy the checkpoint again",
        ) from exc


def padding_token(config: dict[str, Any]) -> int:
    """The id of the padding token; 0 where ``config.json`` does not tell."""
    return int(config.get("pad_token_id") or 0)


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` of a checkpoint folder.

    Raises:
        CheckpointError: there is none, it is damaged, or it asks for code that is not ours.
    """
    config_path = folder / "config.json"
    if not config_path.exists():
        found = "is not a folder" if not folder.is_dir() else "has no config.json"
        raise CheckpointError(f"{folder} {found}; expected a checkpoint folder")
    config = read_json(config_path)
    if "auto_map" in config:
        raise CheckpointError(
            f"{config_path} asks for code of its own (auto_map)",
            hint="choose a checkpoint of a built-in architecture: code from checkpoints is never run",
        )
    return config


def _described(folder: Path, manifest: Manifest) -> Checkpoint:
    """A folder that `export_onnx` wrote."""
    for record in manifest.weights:
        path = _inside(folder, record.file)
        if not path.exists() or path.stat().st_size != record.bytes or sample_sha256(path) != record.sample:
            raise CheckpointError(f"{path} is not the file that {MANIFEST} describes", hint=RE_EXPORT)
    tokenizer_digest = tokenizer_sha256(folder)
    if tokenizer_digest != manifest.tokenizer_sha256:
        raise CheckpointError(f"{folder / 'tokenizer.json'} was altered after the export", hint=RE_EXPORT)
    return Checkpoint(
        folder=folder,
        name=manifest.name,
        pooling=manifest.pooling,
        heads=_heads(folder, manifest.heads),
        dimension=manifest.dimension,
        max_tokens=manifest.max_tokens,
        lower_case=manifest.lower_case,
        query_prompt=manifest.query_prompt,
        passage_prompt=manifest.passage_prompt,
        weights=(folder / WEIGHTS,),
        weights_digest=combined_sha256(record.sha256 for record in manifest.weights),
        tokenizer_digest=tokenizer_digest,
        graphs=manifest.graphs,
        base=manifest.base,
        license=manifest.license,
    )


def _undescribed(folder: Path, config: dict[str, Any], name: str) -> Checkpoint:
    """A folder of sentence-transformers or transformers."""
    weights = weight_files(folder)
    layout = read_layout(folder) or _default_layout(config, name)
    heads = _heads(folder, layout.heads)
    if layout.pooling is Pooling.CLS:
        heads = (find_pooler(weights), *heads)
    limit = token_limit(folder, config)
    return Checkpoint(
        folder=folder,
        name=name,
        pooling=layout.pooling,
        heads=heads,
        dimension=_dimension(config, heads, folder),
        max_tokens=min(layout.max_tokens or limit, limit),
        lower_case=layout.lower_case,
        query_prompt=layout.query_prompt,
        passage_prompt=layout.passage_prompt,
        weights=weights,
        weights_digest=_weights_digest(weights, heads),
        tokenizer_digest=tokenizer_sha256(folder),
    )


def _default_layout(config: dict[str, Any], name: str) -> SentenceLayout:
    said = f"{name} {config.get('_name_or_path', '')}".lower()
    architectures = config.get("architectures") or []
    pooling = Pooling.AVG
    if "simcse" in said or any(str(one).endswith("ForCL") for one in architectures):
        pooling = Pooling.CLS_BEFORE_POOLER if "unsup" in said else Pooling.CLS
    return SentenceLayout(pooling, (), None, False, "", "")


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The safetensors files of the transformer in a folder; pickled weights are refused."""
    if (folder / WEIGHTS).exists():
        return (folder / WEIGHTS,)
    if (folder / SHARDS).exists():
        names = sorted(set(read_json(folder / SHARDS).get("weight_map", {}).values()))
        if not names:
            raise CheckpointError(f"{folder / SHARDS} names no weights", hint="download or copy the checkpoint again")
        return tuple(_inside(folder, name) for name in names)
    if any(folder.glob("*.bin")):
        raise CheckpointError(
            f"{folder} keeps its weights in pytorch_model.bin, a pickle, which can run code; expected {WEIGHTS}",
            hint="convert it once where you trust it: AutoModel.from_pretrained(NAME).save_pretrained(FOLDER)",
        )
    raise CheckpointError(f"{folder} has no {WEIGHTS}", hint="download or copy the checkpoint again")


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; a name that leads out of it is refused."""
    if Path(name).anchor or ".." in Path(name).parts:  # Windows has anchors without being absolute: C:x, \\x
        raise CheckpointError(f"{folder} refers to {name!r}, outside the checkpoint folder")
    return folder / name


def _heads(folder: Path, records: tuple[HeadRecord, ...]) -> tuple[DenseHead, ...]:
    return tuple(DenseHead(_inside(folder, r.file), r.weight, r.bias, r.activation) for r in records)


def has_pooler(weights: tuple[Path, ...]) -> bool:
    """Whether the transformer's own pooler is among the weights."""
    return any(name.endswith("pooler.dense.weight") for path in weights for name in read_header(path))


def find_pooler(weights: tuple[Path, ...]) -> DenseHead:
    """The dense + tanh head of a SimCSE or BERT checkpoint: ``mlp.dense`` as trained, ``pooler.dense`` as published."""
    headers = {path: read_header(path) for path in weights}
    for name in POOLER_NAMES:
        for path, header in headers.items():
            if f"{name}.weight" in header:
                return DenseHead(path, f"{name}.weight", f"{name}.bias", Activation.TANH)
    raise CheckpointError(
        f"{weights[0]} has no pooler (looked for {', '.join(POOLER_NAMES)}), which pooling 'cls' needs",
        hint="use pooling 'cls_before_pooler'",
    )


def _dimension(config: dict[str, Any], heads: tuple[DenseHead, ...], folder: Path) -> int:
    if heads:
        return read_header(heads[-1].path)[heads[-1].weight].shape[0]
    size = config.get("hidden_size") or config.get("dim")
    if not isinstance(size, int):
        raise CheckpointError(f"{folder / 'config.json'} gives no hidden_size; expected a transformer encoder")
    return size


def token_limit(folder: Path, config: dict[str, Any]) -> int:
    """The longest input that a checkpoint takes, special tokens included."""
    limit = int(config.get("max_position_embeddings") or 512)
    if config.get("model_type") in OFFSET_POSITIONS:
        limit -= padding_token(config) + 1
    path = folder / "tokenizer_config.json"
    said = read_json(path).get("model_max_length") if path.exists() else None
    return min(limit, int(said)) if said else limit  # tokenizers without a limit say 1e30


def _weights_digest(weights: tuple[Path, ...], heads: tuple[DenseHead, ...]) -> str:
    paths = dict.fromkeys([*weights, *(head.path for head in heads)])
    return combined_sha256(file_sha256(path) for path in paths)


def tokenizer_sha256(folder: Path) -> str:
    """Digest of the tokenizer: of tokenizer.json, or of the older files it can be made from."""
    if (folder / "tokenizer.json").exists():
        return file_sha256(folder / "tokenizer.json")
    older = [folder / name for name in ("vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json")]
    return combined_sha256(file_sha256(path) for path in older if path.exists())


def _with_pooling(found: Checkpoint, pooling: Pooling) -> Checkpoint:
    heads = found.heads[1:] if found.pooling is Pooling.CLS else found.heads
    if pooling is Pooling.CLS:
        heads = (find_pooler(found.weights), *heads)
    return replace(found, pooling=pooling, heads=heads, graphs=())


def _with_max_tokens(found: Checkpoint, max_tokens: int) -> Checkpoint:
    if not 3 <= max_tokens <= found.max_tokens:
        raise InputError(f"max_tokens is {max_tokens}; {found.name} takes 3 to {found.max_tokens}")
    return replace(found, max_tokens=max_tokens)
