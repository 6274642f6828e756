"""ModernBERT as a graph: normalised before each block, rotary positions, gated feed-forward, windows in most layers."""

from __future__ import annotations

import numpy as np

from searchkit.encoder.graph_builder import FLOAT
from searchkit.encoder.graph_layers import FAR, Transformer
from searchkit.errors import CheckpointError


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
