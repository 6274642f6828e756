"""The transformer encoders this project knows, as fused ONNX graphs: input_ids, attention_mask -> embedding.

BERT, RoBERTa (also XLM-R, CamemBERT), DistilBERT and MPNet are one family: normalised after each block, learned
positions. ModernBERT normalises before each block, rotates queries and keys, and lets most layers see a window only.
Pooling and dense heads are part of the graph; unit length is left to the caller. A graph is compared with the torch
model before it is kept (see `export`), so a config that says more than is known here is found out there.

Layers work on (B*T, D) tokens, so that every dense layer is one matrix product; attention alone sees (B, T, D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.encoder.graph_builder import FLOAT, INT32, INT64, GraphBuilder
from searchkit.encoder.manifest import HeadRecord
from searchkit.encoder.pooling import Activation, Pooling
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
class LayerNames:
    """Where an architecture keeps the weights of a layer, below ``stem.<number>.``."""

    stem: str
    query: str
    key: str
    value: str
    attention_out: str
    attention_norm: str
    up: str
    down: str
    output_norm: str


BERT = LayerNames(
    stem="encoder.layer",
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attention_out="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    up="intermediate.dense",
    down="output.dense",
    output_norm="output.LayerNorm",
)
MPNET = LayerNames(
    stem="encoder.layer",
    query="attention.attn.q",
    key="attention.attn.k",
    value="attention.attn.v",
    attention_out="attention.attn.o",
    attention_norm="attention.LayerNorm",
    up="intermediate.dense",
    down="output.dense",
    output_norm="output.LayerNorm",
)
DISTILBERT = LayerNames(
    stem="transformer.layer",
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attention_out="attention.out_lin",
    attention_norm="sa_layer_norm",
    up="ffn.lin1",
    down="ffn.lin2",
    output_norm="output_layer_norm",
)
FAMILIES = {
    "bert": BERT,
    "roberta": BERT,
    "xlm-roberta": BERT,
    "camembert": BERT,
    "mpnet": MPNET,
    "distilbert": DISTILBERT,
}
PADDED_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet")  # counted from the padding token's id + 1
ARCHITECTURES = (*FAMILIES, "modernbert")


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an architecture, whatever its config calls them."""

    hidden: int
    layers: int
    heads: int
    norm_epsilon: float
    activation: str


def encoder_graph(
    config: Any, builder: GraphBuilder, pooling: Pooling, heads: Sequence[HeadRecord], dimension: int
) -> Any:
    """The onnx ModelProto of an encoder, to be saved in the folder of its weights.

    Args:
        config: a transformers config.
        builder: an empty one for the checkpoint's files.
        pooling: built into the graph.
        heads: dense layers after pooling.
        dimension: of the embedding.

    Raises:
        CheckpointError: an architecture, activation or option that has no graph here.
    """
    known = config.model_type in ARCHITECTURES
    if not known or getattr(config, "position_embedding_type", None) not in (None, "absolute"):
        raise CheckpointError(
            f"no ONNX graph for the architecture {config.model_type!r}; known are {', '.join(ARCHITECTURES)}",
            hint="use the torch runtime for this checkpoint",
        )
    transformer = ModernBert if config.model_type == "modernbert" else Bert
    pooled = pool(builder, transformer(builder, config).hidden_states(), pooling)
    for head in heads:
        pooled = builder.linear(pooled, head.weight.removesuffix(".weight"), head.file)
        if head.activation is Activation.TANH:
            pooled = builder.op("Tanh", pooled)
    return builder.model(["input_ids", "attention_mask"], pooled, dimension)


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


class Bert(Transformer):
    """BERT, RoBERTa, DistilBERT, MPNet: normalised after attention and after the feed-forward block."""

    def hidden_states(self) -> list[str]:
        b, names = self.builder, FAMILIES[self.config.model_type]
        tokens = b.op("Reshape", self._embeddings(), self.flat)
        bias = self._relative_bias() if self.config.model_type == "mpnet" else ""
        states = [tokens]
        for number in range(self.shape.layers):
            tokens = self._layer(tokens, f"{names.stem}.{number}.", names, bias)
            states.append(tokens)
        return [b.op("Reshape", state, self.by_text) for state in states]

    def _embeddings(self) -> str:
        b = self.builder
        rows = b.rows("embeddings.word_embeddings.weight", "input_ids")
        places = b.rows("embeddings.position_embeddings.weight", self._positions())
        total = b.op("Add", rows, places)
        if b.has("embeddings.token_type_embeddings.weight"):
            total = b.op("Add", total, b.rows("embeddings.token_type_embeddings.weight", b.constant([0])))
        return self.norm(total, "embeddings.LayerNorm")

    def _positions(self) -> str:
        """(T,) or (B, T) int64 rows of the position table."""
        if self.config.model_type not in PADDED_POSITIONS:
            return self.range()
        b = self.builder
        padding = b.constant(1 if self.config.model_type == "mpnet" else self.config.pad_token_id)
        real = b.op("Cast", b.op("Not", b.op("Equal", "input_ids", padding)), to=INT64)
        counted = b.op("Mul", b.op("CumSum", real, b.constant(1)), real)
        return b.op("Add", counted, padding)

    def _relative_bias(self) -> str:
        """(1, heads, T, T) float32 of MPNet: one number a head for each bucket of distances."""
        b, most = self.builder, self.config.max_position_embeddings
        buckets = b.constant(relative_buckets(most, self.config.relative_attention_num_buckets))
        numbers = b.op("Gather", buckets, b.op("Add", self.distances(), b.constant(most - 1)), axis=0)
        bias = b.rows("encoder.relative_attention_bias.weight", numbers)  # (T, T, heads)
        return b.op("Unsqueeze", b.op("Transpose", bias, perm=[2, 0, 1]), b.constant([0]))

    def _layer(self, tokens: str, stem: str, names: LayerNames, bias: str) -> str:
        b = self.builder
        query, key, value = (b.linear(tokens, stem + name) for name in (names.query, names.key, names.value))
        seen = b.linear(self.attention(query, key, value, bias), stem + names.attention_out)
        tokens = self._add_and_norm(seen, tokens, stem + names.attention_norm)
        wide = self.activated(b.linear(tokens, stem + names.up))
        return self._add_and_norm(b.linear(wide, stem + names.down), tokens, stem + names.output_norm)

    def _add_and_norm(self, new: str, old: str, name: str) -> str:
        b = self.builder
        weights = b.weight(f"{name}.weight"), b.weight(f"{name}.bias")
        return b.op("SkipLayerNormalization", new, old, *weights, fused=True, epsilon=self.shape.norm_epsilon)


class ModernBert(Transformer):
    """ModernBERT: normalised before each block, rotary positions, gated feed-forward, windows in most layers."""

    def hidden_states(self) -> list[str]:
        b = self.builder
        embedded = b.rows("embeddings.tok_embeddings.weight", "input_ids")
        tokens = b.op("Reshape", self.norm(embedded, "embeddings.norm"), self.flat)
        kinds = dict.fromkeys(self.config.layer_types)
        biases = {kind: self._window() if kind == "sliding_attention" else "" for kind in kinds}
        rotations = {kind: self._rotation(kind) for kind in kinds}
        states = [tokens]
        for number, kind in enumerate(self.config.layer_types):
            tokens = self._layer(tokens, f"layers.{number}.", biases[kind], rotations[kind])
            states.append(tokens)
        states[-1] = self.norm(tokens, "final_norm")
        return [b.op("Reshape", state, self.by_text) for state in states]

    def _layer(self, tokens: str, stem: str, bias: str, rotation: tuple[str, str]) -> str:
        b = self.builder
        normed = self.norm(tokens, f"{stem}attn_norm") if b.has(f"{stem}attn_norm.weight") else tokens
        joined = b.linear(normed, f"{stem}attn.Wqkv")
        query, key, value = b.ops("Split", 3, joined, axis=1, num_outputs=3)
        query, key = (self._rotated(rows, rotation) for rows in (query, key))
        seen = b.linear(self.attention(query, key, value, bias), f"{stem}attn.Wo")
        tokens = b.op("Add", tokens, seen)
        wide = b.linear(self.norm(tokens, f"{stem}mlp_norm"), f"{stem}mlp.Wi")
        content, gate = b.ops("Split", 2, wide, axis=1, num_outputs=2)
        gated = b.op("Mul", self.activated(content), gate)
        return b.op("Add", tokens, b.linear(gated, f"{stem}mlp.Wo"))

    def _window(self) -> str:
        """(1, 1, T, T) float32: 0 inside the window, hugely negative outside."""
        b = self.builder
        outside = b.op("Greater", b.op("Abs", self.distances()), b.constant(self.config.local_attention // 2))
        bias = b.op("Mul", b.op("Cast", outside, to=FLOAT), b.constant(FAR))
        return b.op("Unsqueeze", bias, b.constant([0, 1]))

    def _rotation(self, kind: str) -> tuple[str, str]:
        """Cosines and sines, (T, head/2) float32 each, of the layers of this kind."""
        parameters = self.config.rope_parameters[kind]
        if parameters.get("rope_type", "default") != "default":
            raise CheckpointError(f"no ONNX graph for rotary positions of type {parameters['rope_type']!r}")
        b, width = self.builder, self.shape.hidden // self.shape.heads
        speeds = 1.0 / parameters["rope_theta"] ** (np.arange(0, width, 2, dtype=np.float32) / width)
        places = b.op("Unsqueeze", b.op("Cast", self.range(), to=FLOAT), b.constant([1]))  # (T, 1)
        angles = b.op("Mul", places, b.constant(speeds))
        return b.op("Cos", angles), b.op("Sin", angles)

    def _rotated(self, rows: str, rotation: tuple[str, str]) -> str:
        """(B*T, D) queries or keys, each head turned by its token's position."""
        b = self.builder
        by_text = b.op("Reshape", rows, self.by_text)
        first = b.constant([0])  # one number: every text starts at position 0
        turned = b.op("RotaryEmbedding", by_text, first, *rotation, fused=True, num_heads=self.shape.heads)
        return b.op("Reshape", turned, self.flat)


def relative_buckets(positions: int, buckets: int, max_distance: int = 128) -> np.ndarray[Any, Any]:
    """(2*positions - 1,) int64: the bucket of distances 1-positions ... positions-1, as T5 and MPNet share them."""
    distance = -np.arange(1 - positions, positions)
    half = buckets // 2
    exact = half // 2
    size = np.abs(distance)
    scaled = np.log(np.maximum(size, 1).astype(np.float32) / exact) / np.log(max_distance / exact)
    far = np.minimum(exact + (scaled * (half - exact)).astype(np.int64), half - 1)
    return np.where(distance < 0, half, 0) + np.where(size < exact, size, far)


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
