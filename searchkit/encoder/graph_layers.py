"""What the graphs of all architectures share: sizes, activations, attention, norms, positions, pooling.

Layers work on (B*T, D) tokens, so that every dense layer is one matrix product; attention alone sees (B, T, D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.encoder.graph_builder import FLOAT, INT32, GraphBuilder
from searchkit.encoder.pooling import Pooling
from searchkit.errors import CheckpointError

ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "gelu": ("Gelu", {}),
    "gelu_new": ("Gelu", {"approximate": "tanh"}),
    "gelu_fast": ("Gelu", {"approximate": "tanh"}),
    "gelu_pytorch_tanh": ("Gelu", {"approximate": "tanh"}),
    "relu": ("Relu", {}),
}
FAR = float(np.finfo(np.float32).min)  # added to the score of a token outside the window


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an architecture, whatever its config calls them."""

    hidden: int
    layers: int
    heads: int
    norm_epsilon: float
    activation: str


def shape_of(config: Any) -> Shape:
    """The sizes in a transformers config."""
    if config.model_type == "distilbert":
        return Shape(config.dim, config.n_layers, config.n_heads, 1e-12, config.activation)
    modern = config.model_type == "modernbert"
    return Shape(
        hidden=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        norm_epsilon=config.norm_eps if modern else config.layer_norm_eps,
        activation=config.hidden_activation if modern else config.hidden_act,
    )


class Transformer:
    """What both families share; ``config`` is a transformers config."""

    def __init__(self, builder: GraphBuilder, config: Any) -> None:
        self.builder, self.config = builder, config
        self.shape = shape_of(config)
        if self.shape.activation not in ACTIVATIONS:
            raise CheckpointError(f"no ONNX operator here for the activation {self.shape.activation!r}")
        b = builder
        self.input_shape = b.op("Shape", "input_ids")  # (B, T)
        self.tokens = b.op("Slice", self.input_shape, *map(b.constant, ([1], [2])))  # (1,) holding T
        self.by_text = b.op("Concat", self.input_shape, b.constant([self.shape.hidden]), axis=0)
        self.flat = b.constant([-1, self.shape.hidden])
        self.mask = b.op("Cast", "attention_mask", to=INT32)

    def hidden_states(self) -> list[str]:
        """(B, T, D) outputs of the embedding layer and of every layer."""
        raise NotImplementedError

    def norm(self, tokens: str, name: str) -> str:
        """Layer normalisation with the weights of ``name``."""
        b = self.builder
        bias = [b.weight(f"{name}.bias")] if b.has(f"{name}.bias") else []
        scale = b.weight(f"{name}.weight")
        return b.op("LayerNormalization", tokens, scale, *bias, epsilon=self.shape.norm_epsilon, axis=-1)

    def activated(self, tokens: str) -> str:
        """The activation of the config."""
        kind, attributes = ACTIVATIONS[self.shape.activation]
        return self.builder.op(kind, tokens, **attributes)

    def attention(self, query: str, key: str, value: str, bias: str) -> str:
        """(B*T, D) each -> (B*T, D); ``bias`` (1, 1 or heads, T, T) is added to the scores, or is empty."""
        b = self.builder
        by_text = [b.op("Reshape", rows, self.by_text) for rows in (query, key, value)]
        heads = self.shape.heads
        found = b.op("MultiHeadAttention", *by_text, "", self.mask, bias, fused=True, num_heads=heads)
        return b.op("Reshape", found, self.flat)

    def range(self) -> str:
        """(T,) int64: 0, 1, ... T-1."""
        b = self.builder
        return b.op("Range", b.constant(0), b.op("Squeeze", self.tokens), b.constant(1))

    def distances(self) -> str:
        """(T, T) int64: column minus row."""
        b, numbers = self.builder, self.range()
        return b.op("Sub", b.op("Unsqueeze", numbers, b.constant([0])), b.op("Unsqueeze", numbers, b.constant([1])))


def pool(builder: GraphBuilder, states: Sequence[str], pooling: Pooling) -> str:
    """(B, T, D) hidden states -> (B, D): `pooling.pool` as a graph."""
    b = builder
    last = states[-1]
    if pooling in (Pooling.CLS, Pooling.CLS_BEFORE_POOLER):
        return b.op("Gather", last, b.constant(0), axis=1)
    mask = b.op("Cast", b.op("Unsqueeze", "attention_mask", b.constant([2])), to=FLOAT)  # (B, T, 1)
    if pooling is Pooling.MAX:
        hidden = b.op("Mul", b.op("Sub", mask, b.constant(1.0)), b.constant(-FAR))
        return b.op("ReduceMax", b.op("Add", last, hidden), b.constant([1]), keepdims=0)
    other = {Pooling.AVG_TOP2: -2, Pooling.AVG_FIRST_LAST: 0}.get(pooling)
    if other is not None:
        last = b.op("Mul", b.op("Add", last, states[other]), b.constant(0.5))
    total = b.op("ReduceSum", b.op("Mul", last, mask), b.constant([1]), keepdims=0)
    return b.op("Div", total, b.op("ReduceSum", mask, b.constant([1]), keepdims=0))
