"""A checkpoint into a complete folder that every runtime loads: `export_onnx`.

What is written:

    model.safetensors         the weights, once, float16 or float32
    model.onnx                the fused graph; its weights are model.safetensors' bytes (see `graph_builder`)
    model_int8.onnx           if asked: 8-bit weights of its own
    config.json, tokenizer.json, tokenizer_config.json     transformers
    modules.json, 1_Pooling/, 2_Dense/, ...                sentence-transformers (see `sentence_layout`)
    searchkit.json            digests and settings (see `manifest`)
    README.md, LICENSE, NOTICE, training.json              copied where the checkpoint has them

All is written to a folder beside the target, compared with the torch model there, and renamed at the end: after a
crash the target is what it was, and a folder ``.<name>-*`` is left that may be deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.encoder.canary import CANARIES
from searchkit.encoder.checkpoint import Checkpoint, read_checkpoint
from searchkit.encoder.checkpoint_writer import make_readable, write_checkpoint
from searchkit.encoder.onnx_runtime import OnnxRuntime
from searchkit.encoder.pooling import Pooling
from searchkit.encoder.sentence_encoder import SentenceEncoder
from searchkit.encoder.torch_runtime import TorchRuntime
from searchkit.encoder.weights import parameter_count, read_header
from searchkit.errors import EncoderError, InputError, MissingExtraError

if TYPE_CHECKING:
    from searchkit.types import Rows

FORMS = ("fp32", "fp16", "int8")
LEAST_COSINE = {"fp32": 0.9999, "fp16": 0.9999, "int8": 0.95}
PROBES = (*CANARIES, "", "word " * 600, "A short one.", "\n\n".join(CANARIES))
"""Texts that the graph is compared on: short, empty, longer than the limit, of several lengths in one batch."""


@dataclass(frozen=True, slots=True)
class GraphAgreement:
    """How close a graph's vectors are to those of the exported weights in torch; cosines over the probe texts."""

    file: str
    form: str
    size_bytes: int
    least_cosine: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What `export_onnx` wrote.

    Attributes:
        size_bytes: of the whole folder.
        weights_cosine: least cosine between the original weights and the exported ones, both in torch.
        graphs: one entry a graph.
        sentence_transformers: whether sentence-transformers can load the folder: it has no pooler over two layers.
    """

    folder: Path
    name: str
    dimension: int
    max_tokens: int
    parameters: int
    pooling: Pooling
    size_bytes: int
    weights_cosine: float
    graphs: tuple[GraphAgreement, ...]
    sentence_transformers: bool


def export_onnx(
    checkpoint_folder: Path,
    out_folder: Path,
    *,
    forms: Sequence[str] = ("fp16",),
    name: str = "",
    pooling: Pooling | None = None,
    max_tokens: int | None = None,
    base: str = "",
    license: str = "",
    overwrite: bool = False,
) -> ExportReport:
    """Write a checkpoint folder with ONNX graphs from any folder that `read_checkpoint` takes.

    Args:
        checkpoint_folder: transformers, sentence-transformers or searchkit checkpoint; may be the target itself.
        out_folder: appears complete or not at all.
        forms: ``fp16`` or ``fp32`` for the weights and their graph, and ``int8`` for a second graph.
        name: recorded; the target's folder name when empty.
        pooling: overrides what the checkpoint says.
        max_tokens: a lower limit than the checkpoint's.
        base: the checkpoint it comes from, for the record.
        license: of the weights, for the record.
        overwrite: replace an existing target.

    Raises:
        InputError: unknown forms, or the target exists.
        CheckpointError: the checkpoint cannot be read, or has no graph here.
        EncoderError: a graph does not agree with torch; nothing is written then.
        MissingExtraError: torch, transformers or onnx is not installed.
    """
    precision = _precision(forms)
    if out_folder.exists() and not overwrite:
        raise InputError(f"{out_folder} exists already", hint="choose another folder, or overwrite it")
    _need_export_tools()
    source = read_checkpoint(checkpoint_folder, pooling=pooling, max_tokens=max_tokens)
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out_folder.name}-", dir=out_folder.parent))
    try:
        given = {"name": name or out_folder.name, "base": base or source.base, "license": license or source.license}
        write_checkpoint(source, staging, precision, with_int8="int8" in forms, given=given)
        report = _compare(source, staging, out_folder)
        make_readable(staging)
        _put_in_place(staging, out_folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return report


def _precision(forms: Sequence[str]) -> str:
    if not forms or any(form not in FORMS for form in forms):
        raise InputError(f"forms is {tuple(forms)}; expected some of {', '.join(FORMS)}")
    if "fp16" in forms and "fp32" in forms:
        raise InputError("forms has both fp16 and fp32; a checkpoint holds its weights once", hint="export twice")
    return "fp32" if "fp32" in forms else "fp16"


def _need_export_tools() -> None:
    try:
        import onnx  # noqa: F401
        import safetensors  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as exc:
        raise MissingExtraError(f"exporting needs {exc.name}, which", "train") from exc


def _compare(source: Checkpoint, staging: Path, out_folder: Path) -> ExportReport:
    """Encode the probes with the original, the exported weights, and each graph.

    Raises:
        EncoderError: one of them is further off than its form allows.
    """
    written = read_checkpoint(staging)
    original = _vectors(replace(source, graphs=()))
    exported = _vectors(written)
    weights_cosine = _least_cosine(original, exported)
    if weights_cosine < LEAST_COSINE["fp16"]:
        raise EncoderError(f"the exported weights differ from {source.folder}: least cosine {weights_cosine:.5f}")
    graphs = []
    for record in written.graphs:
        encoder = SentenceEncoder(written, OnnxRuntime(written, record.file))
        cosine = _least_cosine(encoder.encode_passages(PROBES), exported)
        if not cosine >= LEAST_COSINE[record.form]:
            raise EncoderError(
                f"{record.file} of {source.name} does not agree with torch: least cosine {cosine:.5f},"
                f" expected {LEAST_COSINE[record.form]}",
                hint="use the torch runtime for this checkpoint",
            )
        graphs.append(GraphAgreement(record.file, record.form, (staging / record.file).stat().st_size, cosine))
    return ExportReport(
        folder=out_folder,
        name=written.name,
        dimension=written.dimension,
        max_tokens=written.max_tokens,
        parameters=parameter_count(read_header(path) for path in written.weights),
        pooling=written.pooling,
        size_bytes=sum(path.stat().st_size for path in staging.rglob("*") if path.is_file()),
        weights_cosine=weights_cosine,
        graphs=tuple(graphs),
        sentence_transformers=not written.pooling.needs_all_layers,
    )


def _vectors(checkpoint: Checkpoint) -> Rows:
    return SentenceEncoder(checkpoint, TorchRuntime(checkpoint, "cpu")).encode_passages(PROBES)


def _least_cosine(a: Rows, b: Rows) -> float:
    return float(np.einsum("nd,nd->n", a, b).min())


def _put_in_place(staging: Path, out_folder: Path) -> None:
    """Rename the finished folder to its name; an older one of that name is kept until the new one stands."""
    if not out_folder.exists():
        staging.rename(out_folder)
        return
    older = staging.with_name(f"{staging.name}-older")
    out_folder.rename(older)
    try:
        staging.rename(out_folder)
    except OSError:
        older.rename(out_folder)
        raise
    shutil.rmtree(older, ignore_errors=True)  # Windows keeps what a process has open
