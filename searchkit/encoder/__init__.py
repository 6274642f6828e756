"""Text -> embedding: the contract, checkpoints, runtimes, export.

Importing this room brings neither torch, transformers, onnxruntime nor onnx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

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
    from searchkit.encoder.speed import RuntimeSpeed, SpeedReport, measure_speed

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
    "measure_speed",
    "load_encoder",
    "ModelInfo",
    "pool",
    "Pooling",
    "read_checkpoint",
    "resolve_checkpoint",
    "RuntimeSpeed",
    "SentenceEncoder",
    "SpeedReport",
    "verify_checkpoint",
]
_ROOMS = {
    "canary": (
        "CANARIES",
        "canary_vectors",
        "check_canaries",
    ),
    "checkpoint": (
        "Checkpoint",
        "read_checkpoint",
    ),
    "cross_encoder": ("CrossEncoder",),
    "contract": ("Encoder",),
    "export": (
        "ExportReport",
        "export_onnx",
    ),
    "hub": (
        "bundled_folder",
        "resolve_checkpoint",
    ),
    "models": (
        "ModelInfo",
        "describe",
        "list_models",
        "verify_checkpoint",
    ),
    "pooling": (
        "Activation",
        "Pooling",
        "pool",
    ),
    "sentence_encoder": (
        "SentenceEncoder",
        "load_encoder",
    ),
    "speed": (
        "RuntimeSpeed",
        "SpeedReport",
        "measure_speed",
    ),
}
__getattr__, __dir__ = lazy_names(__name__, _ROOMS)
