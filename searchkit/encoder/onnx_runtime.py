"""The graph of a checkpoint on the CPU by ONNX Runtime: no torch, and a start in tens of milliseconds.

Two sessions of the same graph, made when they are due. The first text, often the only one of a process, goes through
a *plain* one: weights stay mapped from the file and are widened as they are used. Further work pays for a *tuned*
one, whose weights are widened and packed for the processor once. Measured on a 22M parameter encoder, processor
time: plain 14 ms to load and 26 ms for a first query (10 ms for later ones), tuned 73 ms and 6 ms (5 ms).
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder.checkpoint import RE_EXPORT, Checkpoint
from searchkit.encoder.manifest import GraphRecord
from searchkit.encoder.weights import file_sha256
from searchkit.errors import CheckpointError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from searchkit.types import Rows

TOKEN_BUDGET = 1024
MOST_PADDING = 10  # tokens; a batch costs about as much before its first token (2.8 ms, and 0.3 ms a token)
PLAIN_TOKENS = 64  # padded tokens in all that the plain session takes
SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


class OnnxRuntime:
    """Token ids in, pooled vectors out, by one shared session; `embed` may be called from many threads."""

    token_budget = TOKEN_BUDGET
    most_padding = MOST_PADDING

    def __init__(self, checkpoint: Checkpoint, graph: str = "model.onnx", *, threads: int | None = None) -> None:
        """Load a graph.

        Args:
            checkpoint: a folder that `export_onnx` wrote.
            graph: file name of the graph.
            threads: of one call; None means one per physical core, or OMP_NUM_THREADS where that is set.

        Raises:
            CheckpointError: the graph is missing, altered or damaged.
            InputError: ``threads`` is not positive.
        """
        self._threads = thread_count(threads)
        record = graph_record(checkpoint, graph)
        self.form = record.form
        self.name = f"onnx-cpu-{record.form}"
        self._path = checkpoint.folder / record.file
        tuned = record.form == "int8"  # rounds its inputs only when its weights are packed
        self._session = _session(self._path, self._threads, tuned=tuned)
        self._plain_tokens_left = -1 if tuned else PLAIN_TOKENS
        self._tuning = threading.Lock()

    def embed(self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Rows:
        """(B, D) float32 pooled vectors of (B, T) token ids, not normalised."""
        if self._plain_tokens_left >= 0:
            self._tune_when_due(token_ids.size)
        rows: Rows = self._session.run(None, {"input_ids": token_ids, "attention_mask": attention_mask})[0]
        return rows

    def _tune_when_due(self, tokens: int) -> None:
        with self._tuning:
            if self._plain_tokens_left < 0:
                return  # another thread was first
            if self._plain_tokens_left < tokens:
                self._session = _session(self._path, self._threads, tuned=True)
            self._plain_tokens_left -= tokens


def has_graph(checkpoint: Checkpoint, graph: str) -> bool:
    """Whether a graph was exported and can be loaded from where it lies.

    ONNX Runtime follows no link out of a graph's folder, and the Hub's cache consists of such links.
    """
    exported = any(record.file == graph for record in checkpoint.graphs)
    return exported and not any(path.is_symlink() for path in checkpoint.weights)


def graph_record(checkpoint: Checkpoint, graph: str) -> GraphRecord:
    """What ``searchkit.json`` says of a graph, once its bytes have been compared with it."""
    record = next((record for record in checkpoint.graphs if record.file == graph), None)
    if record is None:
        known = ", ".join(record.file for record in checkpoint.graphs) or "no graphs"
        raise CheckpointError(
            f"{checkpoint.folder} has no exported graph {graph!r}; it has {known}",
            hint="run `searchkit model export`, or use the torch runtime",
        )
    if file_sha256(checkpoint.folder / record.file) != record.sha256:
        raise CheckpointError(f"{checkpoint.folder / record.file} was altered after the export", hint=RE_EXPORT)
    return record


def _session(path: Path, threads: int, *, tuned: bool) -> Any:
    """An InferenceSession; the graph is written fused, so widening the weights is all there is to optimise."""
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_BASIC if tuned else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # every batch has another shape
    options.log_severity_level = 3
    # Waiting threads that spin take 30% of the rate where another process wants the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.disable_prepacking", "0" if tuned else "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base of their own
        raise CheckpointError(f"{path} cannot be loaded: {exc}", hint=RE_EXPORT) from exc


def thread_count(asked: int | None) -> int:
    """The threads of one call.

    Raises:
        InputError: fewer than one were asked for.
    """
    if asked is not None and asked < 1:
        raise InputError(f"threads is {asked}; expected at least 1")
    return asked or default_threads()


def default_threads() -> int:
    """OMP_NUM_THREADS where it is set, else the physical cores this process may use."""
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if said.isdigit() and int(said) > 0:
        return int(said)
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    return len({_siblings(cpu) for cpu in os.sched_getaffinity(0)})


def _siblings(cpu: int) -> str:
    """The logical processors of this one's core; its own number where the kernel does not tell."""
    try:
        return Path(SIBLINGS.format(cpu)).read_text(encoding="ascii")
    except OSError:
        return str(cpu)
