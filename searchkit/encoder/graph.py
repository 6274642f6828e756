"""The transformer encoders this project knows, as fused ONNX graphs: input_ids, attention_mask -> embedding.

Pooling and dense heads are part of the graph; unit length is left to the caller. A graph is compared with the torch
model before it is kept (see `export`), so a config that says more than is known here is found out there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from searchkit.encoder.graph_bert import FAMILIES, Bert
from searchkit.encoder.graph_builder import GraphBuilder
from searchkit.encoder.graph_layers import pool
from searchkit.encoder.graph_modernbert import ModernBert
from searchkit.encoder.manifest import HeadRecord
from searchkit.encoder.pooling import Activation, Pooling
from searchkit.errors import CheckpointError

ARCHITECTURES = (*FAMILIES, "modernbert")


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
