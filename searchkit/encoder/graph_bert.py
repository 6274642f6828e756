"""BERT, RoBERTa (XLM-R, CamemBERT), DistilBERT, MPNet as a graph: learned positions, normalised after each block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.encoder.checkpoint import OFFSET_POSITIONS
from searchkit.encoder.graph_builder import INT64
from searchkit.encoder.graph_layers import Transformer


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
        if self.config.model_type not in OFFSET_POSITIONS:
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


def relative_buckets(positions: int, buckets: int, max_distance: int = 128) -> np.ndarray[Any, Any]:
    """(2*positions - 1,) int64: the bucket of distances 1-positions ... positions-1, as T5 and MPNet share them."""
    distance = -np.arange(1 - positions, positions)
    half = buckets // 2
    exact = half // 2
    size = np.abs(distance)
    scaled = np.log(np.maximum(size, 1).astype(np.float32) / exact) / np.log(max_distance / exact)
    far = np.minimum(exact + (scaled * (half - exact)).astype(np.int64), half - 1)
    return np.where(distance < 0, half, 0) + np.where(size < exact, size, far)
