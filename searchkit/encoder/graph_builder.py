"""ONNX graphs, node by node, whose weights stay in the safetensors files they came from.

An initializer of a graph may be "external data": a file beside the graph, an offset, a length. Tensors of a
safetensors file are plain bytes at a known offset, so the graph points at them and a checkpoint holds its weights
once. Half-precision weights are widened by a Cast that ONNX Runtime folds away when it loads the graph.

Operators of the domain ``com.microsoft`` are ONNX Runtime's fused ones:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from searchkit.encoder.weights import TensorInfo

FUSED = "com.microsoft"
OPSET = 20  # Gelu is an operator of its own since 20; ONNX Runtime has it since 1.17
IR_VERSION = 10
ONNX_TYPES = {"F32": 1, "F16": 10}  # TensorProto.FLOAT, TensorProto.FLOAT16
FLOAT, INT32, INT64 = 1, 6, 7


class GraphBuilder:
    """Collects nodes and initializers; every method that adds a node gives the name of its output."""

    def __init__(self, files: Mapping[str, Mapping[str, TensorInfo]]) -> None:
        """``files``: header of each safetensors file by its path relative to the graph."""
        self._files = files
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}
        self._widened: dict[str, str] = {}

    def op(self, kind: str, *inputs: str, fused: bool = False, **attributes: Any) -> str:
        """Add a node with one output."""
        return self.ops(kind, 1, *inputs, fused=fused, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, fused: bool = False, **attributes: Any) -> list[str]:
        """Add a node with several outputs."""
        from onnx import helper

        names = [f"{kind}_{len(self._nodes)}_{i}" for i in range(outputs)]
        domain = FUSED if fused else ""
        self._nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names

    def constant(self, value: Any) -> str:
        """A small constant kept in the graph: int64 or float32, by its Python or numpy type."""
        from onnx import numpy_helper

        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else array.dtype)
        name = f"constant_{len(self._initializers)}"
        self._initializers[name] = numpy_helper.from_array(array, name)
        return name

    def has(self, name: str, file: str = "model.safetensors") -> bool:
        """Whether the checkpoint has this tensor."""
        return name in self._files[file]

    def stored(self, name: str, file: str = "model.safetensors") -> str:
        """A weight as it is stored, float32 or float16."""
        from onnx import TensorProto

        if name not in self._initializers:
            info = self._files[file][name]
            tensor = TensorProto(name=name, data_type=ONNX_TYPES[info.dtype], dims=info.shape)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", file), ("offset", info.offset), ("length", info.size)):
                tensor.external_data.add(key=key, value=str(value))
            self._initializers[name] = tensor
        return name

    def weight(self, name: str, file: str = "model.safetensors") -> str:
        """A weight in float32."""
        if name not in self._widened:
            stored = self.stored(name, file)
            is_half = self._files[file][name].dtype == "F16"
            self._widened[name] = self.op("Cast", stored, to=FLOAT) if is_half else stored
        return self._widened[name]

    def rows(self, table: str, numbers: str) -> str:
        """Rows of a table of weights, float32; only the rows are widened, not the table."""
        found = self.op("Gather", self.stored(table), numbers, axis=0)
        return self.op("Cast", found, to=FLOAT)

    def linear(self, tokens: str, name: str, file: str = "model.safetensors") -> str:
        """(N, in) -> (N, out) by ``name.weight`` (out, in) and, where there is one, ``name.bias``."""
        bias = [self.weight(f"{name}.bias", file)] if self.has(f"{name}.bias", file) else []
        return self.op("Gemm", tokens, self.weight(f"{name}.weight", file), *bias, transB=1)

    def model(self, inputs: Sequence[str], output: str, dimension: int) -> Any:
        """The finished onnx ModelProto: int64 (batch, tokens) inputs, one float32 (batch, dimension) output."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [output], ["embedding"]))
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info(name, INT64, ["batch", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info("embedding", FLOAT, ["batch", dimension])],
            list(self._initializers.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="searchkit")
