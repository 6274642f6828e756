"""The files of an exported checkpoint: weights, graphs, tokenizer, configs (`export` says which, and checks them)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder.checkpoint import WEIGHTS, Checkpoint, has_pooler, tokenizer_sha256
from searchkit.encoder.graph import encoder_graph
from searchkit.encoder.graph_builder import GraphBuilder
from searchkit.encoder.manifest import GraphRecord, HeadRecord, Manifest, WeightsRecord, write_manifest
from searchkit.encoder.pooling import Pooling
from searchkit.encoder.quantize import EightBitGraphBuilder
from searchkit.encoder.sentence_layout import DENSE_FILE, SentenceLayout, write_layout
from searchkit.encoder.tokenization import load_tokenizer
from searchkit.encoder.torch_runtime import load_head, load_model
from searchkit.encoder.weights import file_sha256, read_header, sample_sha256
from searchkit.errors import EncoderError

if TYPE_CHECKING:
    from torch import Tensor

GRAPH = "model.onnx"
INT8_GRAPH = "model_int8.onnx"
TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json")
COMPANIONS = ("README.md", "LICENSE", "NOTICE", "training.json")  # what says where weights come from goes with them


def write_checkpoint(
    source: Checkpoint, folder: Path, precision: str, *, with_int8: bool, given: dict[str, str]
) -> None:
    """Fill an empty folder.

    Args:
        source: what to export.
        folder: exists and is empty.
        precision: ``fp16`` or ``fp32``, of the weights and their graph.
        with_int8: a second graph with 8-bit weights.
        given: ``name``, ``base`` and ``license`` for the record.

    Raises:
        CheckpointError: there is no graph for this architecture, or the source cannot be loaded.
        EncoderError: a weight does not fit the precision.
    """
    import torch

    model = load_model(source, dtype=torch.float32)
    heads = _write_weights(source, model, folder, precision)
    _write_config(model, folder)
    _write_tokenizer_and_companions(source, folder)
    written = tuple(dict.fromkeys([WEIGHTS, *(head.file for head in heads)]))
    files = {file: read_header(folder / file) for file in written}
    builders = {GRAPH: (precision, GraphBuilder(files))}
    if with_int8:
        builders[INT8_GRAPH] = ("int8", EightBitGraphBuilder(files, folder))
    graphs = []
    for file, (form, builder) in builders.items():
        graph = encoder_graph(model.config, builder, source.pooling, heads, source.dimension)
        (folder / file).write_bytes(graph.SerializeToString())
        graphs.append(GraphRecord(file, form, file_sha256(folder / file)))
    _write_sentence_layout(source, folder, heads)
    write_manifest(folder, _manifest(source, folder, heads, written, tuple(graphs), given))


def make_readable(folder: Path) -> None:
    """Undo the private modes of mkdtemp and of safetensors: a checkpoint has the modes that the umask gives."""
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


def _write_weights(source: Checkpoint, model: Any, folder: Path, precision: str) -> tuple[HeadRecord, ...]:
    """Write model.safetensors and the weights of further heads; the records of all heads."""
    import torch

    dtype = torch.float16 if precision == "fp16" else torch.float32
    state = model.state_dict()
    if not has_pooler(source.weights):  # what transformers then put there is random
        state = {key: value for key, value in state.items() if not key.startswith("pooler.")}
    heads = list(source.heads)
    records = []
    if source.pooling is Pooling.CLS:
        first = heads.pop(0)
        state["pooler.dense.weight"], state["pooler.dense.bias"] = load_head(first)
        records.append(HeadRecord(WEIGHTS, "pooler.dense.weight", "pooler.dense.bias", first.activation))
    _save(state, folder / WEIGHTS, dtype)
    for head in heads:
        file = f"{2 + len(records)}_Dense/{DENSE_FILE}"
        weight, bias = load_head(head)
        (folder / file).parent.mkdir()
        _save({"linear.weight": weight, "linear.bias": bias}, folder / file, dtype)
        records.append(HeadRecord(file, "linear.weight", "linear.bias", head.activation))
    return tuple(records)


def _save(tensors: dict[str, Tensor], path: Path, dtype: Any) -> None:
    import torch
    from safetensors.torch import save_file

    stored = {key: value.detach().to(dtype).contiguous() for key, value in tensors.items()}
    for key, value in stored.items():
        if not torch.isfinite(value).all():
            raise EncoderError(f"the weight {key!r} does not fit {dtype}", hint="export with the form fp32")
    save_file(stored, path, metadata={"format": "pt"})


def _write_config(model: Any, folder: Path) -> None:
    """config.json that makes transformers compute in float32, however the weights are stored."""
    import torch

    model.config.architectures = [type(model).__name__]
    model.config.dtype = torch.float32
    model.config.save_pretrained(folder)


def _write_tokenizer_and_companions(source: Checkpoint, folder: Path) -> None:
    load_tokenizer(source.folder).save(str(folder / "tokenizer.json"), pretty=False)
    for name in (*TOKENIZER_FILES, *COMPANIONS):
        if (source.folder / name).exists():
            shutil.copyfile(source.folder / name, folder / name)


def _write_sentence_layout(source: Checkpoint, folder: Path, heads: tuple[HeadRecord, ...]) -> None:
    if source.pooling.needs_all_layers:
        return
    pooling = source.pooling
    if pooling is Pooling.CLS:  # theirs is ours before the pooler; the pooler becomes a dense module
        pooling = Pooling.CLS_BEFORE_POOLER
        first = heads[0]
        copy = HeadRecord(f"2_Dense/{DENSE_FILE}", "linear.weight", "linear.bias", first.activation)
        _copy_head(folder, first, copy)
        heads = (copy, *heads[1:])
    sizes = [read_header(folder / head.file)[head.weight].shape for head in heads]
    dimensions = [sizes[0][1] if sizes else source.dimension, *(shape[0] for shape in sizes)]
    limits = (source.max_tokens, source.lower_case, source.query_prompt, source.passage_prompt)
    write_layout(folder, SentenceLayout(pooling, heads, *limits), dimensions)


def _copy_head(folder: Path, head: HeadRecord, copy: HeadRecord) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / head.file)
    (folder / copy.file).parent.mkdir()
    stored = {"linear.weight": tensors[head.weight]}
    if head.bias:
        stored["linear.bias"] = tensors[head.bias]
    save_file(stored, folder / copy.file, metadata={"format": "pt"})


def _manifest(
    source: Checkpoint,
    folder: Path,
    heads: tuple[HeadRecord, ...],
    written: tuple[str, ...],
    graphs: tuple[GraphRecord, ...],
    given: dict[str, str],
) -> Manifest:
    paths = {file: folder / file for file in written}
    return Manifest(
        pooling=source.pooling,
        heads=heads,
        dimension=source.dimension,
        max_tokens=source.max_tokens,
        lower_case=source.lower_case,
        query_prompt=source.query_prompt,
        passage_prompt=source.passage_prompt,
        weights=tuple(
            WeightsRecord(file, path.stat().st_size, file_sha256(path), sample_sha256(path))
            for file, path in paths.items()
        ),
        tokenizer_sha256=tokenizer_sha256(folder),
        graphs=graphs,
        **given,
    )
