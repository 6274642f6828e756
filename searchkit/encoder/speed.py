"""How fast a checkpoint runs on this machine in each way it can, and how close each stays to its own vectors."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from searchkit.encoder.checkpoint import Checkpoint, read_checkpoint
from searchkit.encoder.export import export_onnx
from searchkit.encoder.hub import resolve_checkpoint
from searchkit.encoder.onnx_runtime import default_threads, has_graph
from searchkit.encoder.sentence_encoder import SentenceEncoder
from searchkit.errors import EncoderError, InputError, MissingExtraError

if TYPE_CHECKING:
    from searchkit.types import Rows

NEAREST = 10


@dataclass(frozen=True, slots=True)
class RuntimeSpeed:
    """One way to run a checkpoint; times are medians of the rounds.

    Attributes:
        runtime: runtime, device and form of the weights, such as ``onnx-cpu-fp16``.
        tokens_s: tokens of passages a second, padding not counted.
        query_ms: of one query by itself.
        agreement: of the 10 passages nearest to a query, the share that the reference finds too; mean over the queries.
        least_cosine: of a text's vector here and in the reference.
        is_ready: whether the checkpoint has this form; where not, it was made for the measurement and thrown away.
    """

    runtime: str
    tokens_s: float
    query_ms: float
    agreement: float
    least_cosine: float
    is_ready: bool


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """What `measure_speed` found.

    Attributes:
        reference: the runtime that the others are compared with: torch in fp32 where there is torch.
        absent: ways that could not be tried, each with the reason.
    """

    name: str
    passages: int
    tokens: int
    queries: int
    threads: int
    reference: str
    runtimes: tuple[RuntimeSpeed, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """A loaded encoder, with the seconds of each round."""

    encoder: SentenceEncoder
    is_ready: bool
    passage_s: list[float]
    query_s: list[float]


def measure_speed(
    path_or_name: str | Path | None,
    passages: Sequence[str],
    queries: Sequence[str],
    *,
    rounds: int = 3,
    threads: int | None = None,
) -> SpeedReport:
    """Run a checkpoint in each way there is here, in turns.

    With the extra ``train`` also its weights in torch, and the forms of its graph that it does not have yet; with the
    extra ``openvino`` its graph by OpenVINO.

    Args:
        path_or_name: as for `load_encoder`; None for the bundled encoder.
        passages: at least 20 texts to embed, of the lengths that matter.
        queries: short texts, each embedded by itself.
        rounds: how often; one more is not counted.
        threads: on the CPU; None means the physical cores.

    Raises:
        InputError: too few texts, or no rounds.
        CheckpointError: the checkpoint cannot be read.
    """
    passages = list(dict.fromkeys(passages))  # equal texts would be embedded once
    if len(passages) < 2 * NEAREST or not queries or rounds < 1:
        raise InputError(
            f"{len(passages)} different passages, {len(queries)} queries, {rounds} rounds; expected at least "
            f"{2 * NEAREST}, 1, 1"
        )
    checkpoint = read_checkpoint(resolve_checkpoint(path_or_name))
    with _ways(checkpoint, threads) as (ways, absent):
        for _ in range(rounds + 1):
            for way in ways:
                _take_turn(way, passages, queries)
        tokenizer = ways[0].encoder.tokenizer
        tokens = sum(min(len(each.ids), checkpoint.max_tokens) for each in tokenizer.encode_batch(passages))
        reference = ways[0].encoder.encode_passages(passages), ways[0].encoder.encode_queries(queries)
        return SpeedReport(
            name=checkpoint.name,
            passages=len(passages),
            tokens=tokens,
            queries=len(queries),
            threads=threads or default_threads(),
            reference=ways[0].encoder.runtime,
            runtimes=tuple(_speed(way, passages, queries, tokens, reference) for way in ways),
            absent=tuple(absent),
        )


@contextmanager
def _ways(checkpoint: Checkpoint, threads: int | None) -> Iterator[tuple[list[_Way], list[str]]]:
    """The ways to run it, the reference first, and what is not among them."""
    absent: list[str] = []
    with TemporaryDirectory(prefix="searchkit-speed-") as scratch:
        ways = _torch_ways(checkpoint, threads, absent)
        for record in checkpoint.graphs:
            if has_graph(checkpoint, record.file):
                ways.append(_way(checkpoint.folder, "onnx", threads, graph=record.file))
                ways += _openvino_ways(checkpoint, record.file, threads, absent)
        missing = [form for form in ("fp16", "int8") if form not in {record.form for record in checkpoint.graphs}]
        if missing:
            ways += _made_ways(checkpoint, Path(scratch) / "made", missing, threads, absent)
        if not ways:
            raise MissingExtraError("a runtime of this checkpoint", "train")
        yield ways, absent


def _torch_ways(checkpoint: Checkpoint, threads: int | None, absent: list[str]) -> list[_Way]:
    if find_spec("torch") is None or find_spec("transformers") is None:
        absent.append("torch: not installed (pip install 'searchkit[train]')")
        return []
    ways = [_way(checkpoint.folder, "torch", threads)]
    from searchkit.encoder.torch_runtime import resolve_device

    if resolve_device("auto") != "cpu":
        ways.append(_way(checkpoint.folder, "torch", threads, device="auto"))
    return ways


def _openvino_ways(checkpoint: Checkpoint, graph: str, threads: int | None, absent: list[str]) -> list[_Way]:
    if find_spec("openvino") is None:
        absent.append("openvino: not installed (pip install 'searchkit[openvino]')")
        return []
    return [_way(checkpoint.folder, "openvino", threads, graph=graph)]


def _made_ways(
    checkpoint: Checkpoint, folder: Path, missing: Sequence[str], threads: int | None, absent: list[str]
) -> list[_Way]:
    """Forms of the graph that the checkpoint does not have, made for now."""
    try:
        export_onnx(checkpoint.folder, folder, forms=("fp16", "int8"))
    except (EncoderError, MissingExtraError) as error:
        absent.append(f"{' and '.join(missing)} graph: {error}")
        return []
    made = read_checkpoint(folder)
    return [
        _way(folder, "onnx", threads, graph=record.file, is_ready=False)
        for record in made.graphs
        if record.form in missing
    ]


def _way(
    folder: Path,
    runtime: str,
    threads: int | None,
    *,
    device: str = "cpu",
    graph: str = "model.onnx",
    is_ready: bool = True,
) -> _Way:
    encoder = SentenceEncoder.load(folder, runtime=runtime, device=device, graph=graph, threads=threads)
    return _Way(encoder, is_ready, [], [])


def _take_turn(way: _Way, passages: Sequence[str], queries: Sequence[str]) -> None:
    began = time.perf_counter()
    way.encoder.encode_passages(passages)
    way.passage_s.append(time.perf_counter() - began)
    for query in queries:
        began = time.perf_counter()
        way.encoder.encode_queries([query])
        way.query_s.append(time.perf_counter() - began)


def _speed(
    way: _Way, passages: Sequence[str], queries: Sequence[str], tokens: int, reference: tuple[Rows, Rows]
) -> RuntimeSpeed:
    own = way.encoder.encode_passages(passages), way.encoder.encode_queries(queries)
    near, expected = (_nearest(rows, asked) for rows, asked in (own, reference))
    shared = [len(set(found) & set(wanted)) / NEAREST for found, wanted in zip(near, expected, strict=True)]
    cosines = [np.einsum("nd,nd->n", mine, theirs) for mine, theirs in zip(own, reference, strict=True)]
    return RuntimeSpeed(
        runtime=way.encoder.runtime,
        tokens_s=tokens / statistics.median(way.passage_s[1:]),
        query_ms=1000 * statistics.median(way.query_s[len(queries) :]),
        agreement=statistics.fmean(shared),
        least_cosine=min(float(np.concatenate(cosines).min()), 1.0),
        is_ready=way.is_ready,
    )


def _nearest(rows: Rows, queries: Rows) -> list[list[int]]:
    """The places of the rows nearest to each query."""
    order: list[list[int]] = np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :NEAREST].tolist()
    return order
