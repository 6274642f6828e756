"""What runs a cross-encoder: token ids of query and passage together in, the classifier's numbers out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from searchkit.encoder.onnx_runtime import thread_count
from searchkit.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRAPHS = ("model.onnx", "onnx/model.onnx")  # where exports put it


class PairRuntime(Protocol):
    """A sequence classifier.

    Attributes:
        name: runtime and device, to show.
        token_budget: padded tokens in a batch that it works best with.
    """

    @property
    def name(self) -> str: ...

    @property
    def token_budget(self) -> int: ...

    def logits(
        self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64], token_type_ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """(B, labels) of (B, T) inputs; ``token_type_ids`` are left out where the model knows none."""
        ...


class OnnxPairs:
    """A graph on the CPU by ONNX Runtime, as optimum and transformers.js export it."""

    name = "onnx-cpu"
    token_budget = 1024

    def __init__(self, graph: Path, *, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count(threads)
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # onnxruntime's errors share no base of their own
            raise CheckpointError(f"{graph} cannot be loaded: {exc}") from exc
        self._inputs = {one.name for one in self._session.get_inputs()}
        unknown = self._inputs - {"input_ids", "attention_mask", "token_type_ids"}
        if unknown or "input_ids" not in self._inputs:
            raise CheckpointError(
                f"{graph} takes {', '.join(sorted(self._inputs))}; expected input_ids, attention_mask, token_type_ids"
            )

    def logits(
        self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64], token_type_ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        known = {"input_ids": token_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        found: NDArray[np.float32] = self._session.run(None, {name: known[name] for name in self._inputs})[0]
        return found


class TorchPairs:
    """Any sequence classifier that transformers knows: float32 on the CPU and Apple's GPU, bfloat16 on CUDA."""

    def __init__(self, folder: Path, device: str = "auto", *, threads: int | None = None) -> None:
        try:
            import torch
            from transformers import AutoModelForSequenceClassification
        except ImportError as exc:
            raise MissingExtraError("torch or transformers", "train") from exc
        from searchkit.encoder.checkpoint import weight_files
        from searchkit.encoder.torch_runtime import TOKEN_BUDGETS, load_folder, resolve_device

        weight_files(folder)
        self._device = torch.device(resolve_device(device))
        if threads is not None and self._device.type == "cpu":
            torch.set_num_threads(thread_count(threads))
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        model = load_folder(AutoModelForSequenceClassification, folder, dtype=dtype)
        self._model = model.to(self._device).eval()
        self._has_types = int(getattr(model.config, "type_vocab_size", 0) or 0) > 1
        self.name = f"torch-{self._device.type}"
        self.token_budget = TOKEN_BUDGETS[self._device.type]

    def logits(
        self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64], token_type_ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        import torch

        inputs = {"input_ids": token_ids, "attention_mask": attention_mask}
        if self._has_types:
            inputs["token_type_ids"] = token_type_ids
        with torch.inference_mode():
            output = self._model(**{name: torch.from_numpy(rows).to(self._device) for name, rows in inputs.items()})
            found: NDArray[np.float32] = output.logits.float().cpu().numpy()
        return found


def graph_of(folder: Path) -> Path | None:
    """The ONNX graph of a checkpoint folder, where there is one."""
    return next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
