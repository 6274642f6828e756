"""The folder layout of sentence-transformers, read and written.

    modules.json                         what follows what: Transformer, Pooling, Dense, Normalize
    1_Pooling/config.json                the pooling mode
    2_Dense/config.json, model.safetensors   a dense layer after pooling; there may be several, or none
    2_Normalize/ or 3_Normalize/         unit length
    sentence_bert_config.json            max_seq_length, do_lower_case
    config_sentence_transformers.json    prompts, similarity

Their ``cls`` is SimCSE's ``cls_before_pooler``; SimCSE's ``cls`` is written as ``cls`` and a dense layer with tanh.
Modes are stored as ``pooling_mode`` (release 6) or as ``pooling_mode_*`` flags (all before); both are read, the
flags are written, which every release understands.
https://sbert.net/docs/sentence_transformer/usage/custom_models.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchkit.encoder.manifest import HeadRecord, read_json
from searchkit.encoder.pooling import Activation, Pooling
from searchkit.errors import CheckpointError

MODULES = "modules.json"
POOLING_FOLDER = "1_Pooling"
DENSE_FILE = "model.safetensors"
KNOWN_MODULES = ("Transformer", "Pooling", "Dense", "Normalize")
BY_ROOT = "mean_sqrt_len_tokens"
POOLING_MODES = {
    "cls": Pooling.CLS_BEFORE_POOLER,
    "mean": Pooling.AVG,
    BY_ROOT: Pooling.AVG,  # differs in length alone, and every row is brought to unit length; no layer may lie between
    "max": Pooling.MAX,
}
MODE_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": BY_ROOT,
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
ACTIVATIONS = {"Tanh": Activation.TANH, "Identity": Activation.IDENTITY}


@dataclass(frozen=True, slots=True)
class SentenceLayout:
    """What a sentence-transformers folder says beyond the transformer itself."""

    pooling: Pooling
    heads: tuple[HeadRecord, ...]
    max_tokens: int | None
    lower_case: bool
    query_prompt: str
    passage_prompt: str


def read_layout(folder: Path) -> SentenceLayout | None:
    """The layout of a sentence-transformers folder, or None for a plain transformers folder.

    Raises:
        CheckpointError: a module, a pooling mode or an activation that this encoder does not have.
    """
    if not (folder / MODULES).exists():
        return None
    mode, heads = "mean", list[HeadRecord]()
    for kind, path in _modules(folder / MODULES):
        if kind == "Pooling":
            mode = _mode(folder / path / "config.json")
        elif kind == "Dense":
            heads.append(_dense(folder, path))
    if mode == BY_ROOT and heads:
        raise CheckpointError(f"{folder} has a dense layer after pooling {BY_ROOT!r}, which searchkit does not have")
    limits = _first_json(sorted(folder.glob("sentence_*_config.json")))
    query, passage = _prompts(_first_json([folder / "config_sentence_transformers.json"]))
    length = limits.get("max_seq_length") or limits.get("processing_kwargs", {}).get("max_length")
    lower = bool(limits.get("do_lower_case", False))
    return SentenceLayout(POOLING_MODES[mode], tuple(heads), length, lower, query, passage)


def _modules(path: Path) -> list[tuple[str, str]]:
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))
        entries = [(str(module["type"]), str(module["path"])) for module in modules]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise CheckpointError(f"{path} is damaged: expected a list of modules with type and path") from exc
    for type_name, _ in entries:
        if not type_name.startswith("sentence_transformers.") or _kind(type_name) not in KNOWN_MODULES:
            raise CheckpointError(
                f"{path} asks for the module {type_name!r}; known are {', '.join(KNOWN_MODULES)}",
                hint="choose a checkpoint without custom modules: code from checkpoints is never run",
            )
    return [(_kind(type_name), folder) for type_name, folder in entries]


def _kind(type_name: str) -> str:
    return type_name.rpartition(".")[2]


def _first_json(candidates: Sequence[Path]) -> dict[str, Any]:
    return next((read_json(path) for path in candidates if path.exists()), {})


def _mode(path: Path) -> str:
    config = read_json(path)
    mode = config.get("pooling_mode") or [MODE_FLAGS[key] for key in MODE_FLAGS if config.get(key)]
    modes = [mode] if isinstance(mode, str) else list(mode)
    if len(modes) != 1 or modes[0] not in POOLING_MODES:
        raise CheckpointError(f"{path} asks for pooling {modes}; known is one of {', '.join(POOLING_MODES)}")
    if config.get("include_prompt", True) is False:
        raise CheckpointError(f"{path} leaves the prompt out of the pooling, which searchkit does not do")
    return str(modes[0])


def _dense(folder: Path, path: str) -> HeadRecord:
    config_path = folder / path / "config.json"
    config = read_json(config_path)
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    if _kind(activation) not in ACTIVATIONS or config.get("use_residual"):
        raise CheckpointError(f"{config_path} asks for {activation}; known are {', '.join(ACTIVATIONS)} alone")
    bias = "linear.bias" if config.get("bias", True) else None
    return HeadRecord(f"{path}/{DENSE_FILE}", "linear.weight", bias, ACTIVATIONS[_kind(activation)])


def _prompts(config: Mapping[str, Any]) -> tuple[str, str]:
    """Query and passage prompt, by the names that sentence-transformers looks for."""
    prompts = config.get("prompts") or {}
    default = prompts.get(config.get("default_prompt_name") or "", "")
    passage = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), default)
    return prompts.get("query", default) or "", passage or ""


def write_layout(folder: Path, layout: SentenceLayout, dimensions: Sequence[int]) -> None:
    """Write the layout beside a transformers checkpoint; dense weights are the caller's.

    Args:
        folder: the checkpoint folder.
        layout: its heads name files like ``2_Dense/model.safetensors``.
        dimensions: of the token vectors, then of the output of each head.
    """
    dense = [Path(head.file).parent.as_posix() for head in layout.heads]
    names = ["", POOLING_FOLDER, *dense, f"{2 + len(dense)}_Normalize"]
    kinds = ["Transformer", "Pooling", *["Dense"] * len(dense), "Normalize"]
    modules = [
        {"idx": i, "name": str(i), "path": name, "type": f"sentence_transformers.models.{kind}"}
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    _write(folder / MODULES, modules)
    _write(folder / names[-1] / "config.json", {})
    mode = next(name for name, pooling in POOLING_MODES.items() if pooling is layout.pooling)
    flags = {flag: name == mode for flag, name in MODE_FLAGS.items()}
    _write(folder / POOLING_FOLDER / "config.json", {"word_embedding_dimension": dimensions[0], **flags})
    for i, head in enumerate(layout.heads):
        _write(folder / dense[i] / "config.json", _dense_config(head, dimensions[i], dimensions[i + 1]))
    limits = {"max_seq_length": layout.max_tokens, "do_lower_case": layout.lower_case}
    _write(folder / "sentence_bert_config.json", limits)
    prompts = {"query": layout.query_prompt, "document": layout.passage_prompt}
    similarity = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    _write(folder / "config_sentence_transformers.json", similarity)


def _dense_config(head: HeadRecord, size_in: int, size_out: int) -> dict[str, Any]:
    module = "activation.Tanh" if head.activation is Activation.TANH else "linear.Identity"
    return {
        "in_features": size_in,
        "out_features": size_out,
        "bias": head.bias is not None,
        "activation_function": f"torch.nn.modules.{module}",
    }


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
