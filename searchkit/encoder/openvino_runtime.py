"""The graph of a checkpoint on the CPU by OpenVINO: in bfloat16 where the processor multiplies it natively.

It reads the same graph as ONNX Runtime does. To start it takes a second longer, so it is for much text, on processors
with bfloat16 (AVX512_BF16, AMX): on one without, ONNX Runtime was measured to be as fast.
https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from searchkit.encoder.checkpoint import RE_EXPORT, Checkpoint
from searchkit.encoder.onnx_runtime import MOST_PADDING, TOKEN_BUDGET, graph_record, thread_count
from searchkit.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from searchkit.types import Rows

PRECISIONS = {"bf16": "bf16", "fp32": "f32"}  # ours -> OpenVINO's


class OpenVinoRuntime:
    """Token ids in, pooled vectors out; `embed` may be called from many threads."""

    token_budget = TOKEN_BUDGET
    most_padding = MOST_PADDING

    def __init__(self, checkpoint: Checkpoint, graph: str = "model.onnx", *, threads: int | None = None) -> None:
        """Compile a graph for this processor.

        Args:
            checkpoint: a folder that `export_onnx` wrote.
            graph: file name of the graph.
            threads: of one call; None means one per physical core, or OMP_NUM_THREADS where that is set.

        Raises:
            MissingExtraError: openvino is not installed.
            CheckpointError: the graph is missing, altered or damaged, or not one that OpenVINO reads.
            InputError: ``threads`` is not positive.
        """
        count = thread_count(threads)
        try:
            import openvino
        except ImportError as exc:
            raise MissingExtraError("openvino", "openvino") from exc
        record = graph_record(checkpoint, graph)
        core = openvino.Core()
        precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "fp32"
        self.form = record.form
        self.name = f"openvino-cpu-{'int8' if record.form == 'int8' else precision}"
        self._compiled = _compiled(core, checkpoint.folder / record.file, count, precision)
        self._of_thread = threading.local()  # a request holds the numbers of one call

    def embed(self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Rows:
        """(B, D) float32 pooled vectors of (B, T) token ids, not normalised."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        found = self._of_thread.request.infer({"input_ids": token_ids, "attention_mask": attention_mask})
        rows: Rows = found[0].copy()  # the request's own buffer is written again by the next call
        return rows


def _compiled(core: Any, path: Path, threads: int, precision: str) -> Any:
    settings = {
        "PERFORMANCE_HINT": "LATENCY",  # all threads on one batch
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
        "ENABLE_CPU_PINNING": False,  # two pinned processes share one core
    }
    try:
        return core.compile_model(core.read_model(path), "CPU", settings)
    except RuntimeError as exc:
        raise CheckpointError(f"OpenVINO cannot load {path}: {exc}", hint=RE_EXPORT) from exc
