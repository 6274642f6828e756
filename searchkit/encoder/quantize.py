"""Dense layers in 8 bits: a smaller graph, and a faster one where the processor multiplies bytes (VNNI).

Weights are rounded to 8 bits in blocks of 128 along the input, each with its own scale; ONNX Runtime rounds the
inputs the same way as they come, block by block. The other way, one scale for all inputs of a batch
(DynamicQuantizeMatMul), is faster still, but a text's vector then depends on the texts beside it, and it lost three
times as many of the top ten. The embedding table and the norms stay in model.safetensors as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from searchkit.encoder.graph_builder import GraphBuilder
from searchkit.encoder.weights import TensorInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 128
SMALLEST_BLOCK = 16  # what the operator takes
EIGHT_BIT_INPUTS = 4  # its accuracy_level: inputs are rounded to 8 bits too


class EightBitGraphBuilder(GraphBuilder):
    """A `GraphBuilder` whose dense layers carry 8-bit weights of their own."""

    def __init__(self, files: Mapping[str, Mapping[str, TensorInfo]], folder: Path) -> None:
        super().__init__(files)
        self._folder = folder

    def linear(self, tokens: str, name: str, file: str = "model.safetensors") -> str:
        from safetensors import safe_open

        with safe_open(self._folder / file, framework="numpy") as opened:
            weight: NDArray[np.float32] = opened.get_tensor(f"{name}.weight").astype(np.float32)
        rounded, scales, block = round_blocks(weight)
        product = self.op(
            "MatMulNBits",
            *(tokens, self.constant(rounded), self.constant(scales)),
            fused=True,
            **{"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": block},
            accuracy_level=EIGHT_BIT_INPUTS,
        )
        if not self.has(f"{name}.bias", file):
            return product
        return self.op("Add", product, self.weight(f"{name}.bias", file))


def round_blocks(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32], int]:
    """8-bit numbers around 128, their scales, and the block length.

    Args:
        weight: (out, in) of a dense layer.

    Returns:
        (out, blocks, block) uint8 and (out, blocks) float32: weight = (number - 128) * scale.
    """
    rows, columns = weight.shape
    block = BLOCK if columns >= BLOCK else SMALLEST_BLOCK
    filled = np.pad(weight, ((0, 0), (0, -columns % block))).reshape(rows, -1, block)
    scales = np.maximum(np.abs(filled).max(axis=2, keepdims=True) / 127, np.finfo(np.float32).tiny)
    return (np.rint(filled / scales) + 128).astype(np.uint8), scales[..., 0].astype(np.float32), block
