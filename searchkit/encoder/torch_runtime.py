"""A checkpoint by torch and transformers: any architecture they know, on CUDA (bfloat16), Apple's GPU or the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder.checkpoint import Checkpoint, DenseHead
from searchkit.encoder.onnx_runtime import thread_count
from searchkit.encoder.pooling import Activation, pool
from searchkit.errors import CheckpointError, EncoderError, InputError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from searchkit.types import Rows

TOKEN_BUDGETS = {"cpu": 1024, "mps": 8192, "cuda": 32768}  # padded tokens in a batch
DEVICES = ("auto", "cpu", "cuda", "mps")


class TorchRuntime:
    """Token ids in, pooled vectors out. float32 on the CPU and on Apple's GPU, bfloat16 on CUDA."""

    form = ""
    most_padding = None

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", *, threads: int | None = None) -> None:
        """Load the weights.

        Args:
            checkpoint: any checkpoint folder.
            device: ``auto`` takes CUDA, then Apple's GPU, then the CPU.
            threads: of torch in this process, on the CPU; None leaves it alone.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            CheckpointError: transformers cannot load the folder, or weights are missing.
            EncoderError: the device is not there.
            InputError: no such kind of device, or ``threads`` is not positive.
        """
        try:
            import torch
            import transformers  # noqa: F401
        except ImportError as exc:
            raise MissingExtraError("torch or transformers", "train") from exc
        self._device = torch.device(resolve_device(device))
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        if threads is not None and self._device.type == "cpu":
            torch.set_num_threads(thread_count(threads))
        self.name = f"torch-{self._device.type}-{'bf16' if dtype is torch.bfloat16 else 'fp32'}"
        self.token_budget = TOKEN_BUDGETS[self._device.type]
        self._pooling = checkpoint.pooling
        self._model = load_model(checkpoint, dtype=dtype).to(self._device).eval()
        self._heads = [(*load_head(head), head.activation) for head in checkpoint.heads]
        self._heads = [(w.to(self._device), b.to(self._device), a) for w, b, a in self._heads]

    def embed(self, token_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Rows:
        """(B, D) float32 pooled vectors of (B, T) token ids, not normalised."""
        import torch

        with torch.inference_mode():
            ids = torch.from_numpy(token_ids).to(self._device)
            mask = torch.from_numpy(attention_mask).to(self._device)
            every = self._pooling.needs_all_layers
            output = self._model(input_ids=ids, attention_mask=mask, output_hidden_states=every)
            states = output.hidden_states if every else (output.last_hidden_state,)
            rows: Tensor = pool([state.float() for state in states], mask, self._pooling)
            for weight, bias, activation in self._heads:
                rows = torch.nn.functional.linear(rows, weight, bias)
                rows = rows.tanh() if activation is Activation.TANH else rows
            result: Rows = rows.cpu().numpy()
        return result


def resolve_device(device: str) -> str:
    """The torch device type to use.

    Raises:
        InputError: not one of auto, cpu, cuda, mps.
        EncoderError: this machine or this build of torch has no such device.
    """
    import torch

    if device not in DEVICES:
        raise InputError(f"device is {device!r}; expected one of {', '.join(DEVICES)}")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, there in present.items() if there)
    if not present[device]:
        raise EncoderError(f"torch sees no {device} device here", hint="use device 'cpu' or 'auto'")
    return device


def load_model(checkpoint: Checkpoint, *, dtype: torch.dtype) -> Any:
    """The transformer of a checkpoint as a transformers model, without running code of the checkpoint.

    Raises:
        CheckpointError: transformers does not know the architecture, or the folder lacks weights it needs.
    """
    from transformers import AutoModel

    return load_folder(AutoModel, checkpoint.folder, dtype=dtype, spare="pooler.")  # heads are loaded here


def load_folder(kind: Any, folder: Path, *, dtype: torch.dtype, spare: str | None = None) -> Any:
    """A model of one of transformers' Auto classes from a folder, without running code of the checkpoint.

    Args:
        kind: such as ``AutoModel``.
        spare: weights whose names begin so may be missing.

    Raises:
        CheckpointError: transformers does not know the architecture, or the folder lacks weights it needs.
    """
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # what is left over or missing is told below
    logging.disable_progress_bar()
    try:
        model, info = kind.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as exc:  # transformers raises what it meets: OSError, ValueError, KeyError, safetensors' own
        raise CheckpointError(f"transformers cannot load {folder}: {exc}") from exc
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
    missing = sorted(name for name in info["missing_keys"] if spare is None or not name.startswith(spare))
    if missing or info["mismatched_keys"]:
        wrong = ", ".join(missing[:3]) or "shapes that differ from config.json"
        raise CheckpointError(f"{folder} lacks weights that its config.json asks for: {wrong}")
    return model


def load_head(head: DenseHead) -> tuple[Tensor, Tensor]:
    """(out, in) weight and (out,) bias of a dense head, float32; zeros where it has no bias."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(head.path, framework="pt") as file:
            weight = file.get_tensor(head.weight).float()
            bias = file.get_tensor(head.bias).float() if head.bias else torch.zeros(weight.shape[0])
    except (OSError, SafetensorError) as exc:
        raise CheckpointError(f"{head.path} has no readable head {head.weight!r}: {exc}") from exc
    return weight, bias
