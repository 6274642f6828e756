"""Text -> embedding: the contract, checkpoints, runtimes, export.

Importing this room brings neither torch, transformers, onnxruntime nor onnx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.encoder.canary import CANARIES, canary_vectors, check_canaries
    from searchkit.encoder.checkpoint import Checkpoint, read_checkpoint
    from searchkit.encoder.contract import Encoder
    from searchkit.encoder.cross_encoder import CrossEncoder
    from searchkit.encoder.export import ExportReport, export_onnx
    from searchkit.encoder.hub import bundled_folder, resolve_checkpoint
    from searchkit.encoder.models import ModelInfo, describe, list_models, verify_checkpoint
    from searchkit.encoder.pooling import Activation, Pooling, pool
    from searchkit.encoder.sentence_encoder import SentenceEncoder, load_encoder

__all__ = [
    "Activation",
    "bundled_folder",
    "CANARIES",
    "canary_vectors",
    "check_canaries",
    "Checkpoint",
    "CrossEncoder",
    "describe",
    "Encoder",
    "export_onnx",
    "ExportReport",
    "list_models",
    "load_encoder",
    "ModelInfo",
    "pool",
    "Pooling",
    "read_checkpoint",
    "resolve_checkpoint",
    "SentenceEncoder",
    "verify_checkpoint",
]
_HOME = {
    "CANARIES": "canary",
    "canary_vectors": "canary",
    "check_canaries": "canary",
    "Checkpoint": "checkpoint",
    "read_checkpoint": "checkpoint",
    "CrossEncoder": "cross_encoder",
    "Encoder": "contract",
    "ExportReport": "export",
    "export_onnx": "export",
    "bundled_folder": "hub",
    "resolve_checkpoint": "hub",
    "ModelInfo": "models",
    "describe": "models",
    "list_models": "models",
    "verify_checkpoint": "models",
    "Activation": "pooling",
    "Pooling": "pooling",
    "pool": "pooling",
    "SentenceEncoder": "sentence_encoder",
    "load_encoder": "sentence_encoder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
