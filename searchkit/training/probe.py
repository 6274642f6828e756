"""The model under training as an encoder, for the dev evaluation and for mining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from searchkit.training.model import SentenceModel
from searchkit.training.packing import BatchTokenizer
from searchkit.training.recipe import Precision

if TYPE_CHECKING:
    from searchkit.types import Rows

PIECE = 4096  # texts that are tokenised and sorted together


class TrainingEncoder:
    """Texts in, unit rows out, with the weights as they are at that moment and without dropout.

    Args:
        max_tokens: longer texts are cut.
        tokens_per_pass: padded tokens that run at once.
    """

    def __init__(
        self, model: SentenceModel, tokenizer: BatchTokenizer, *, max_tokens: int, tokens_per_pass: int
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._tokens_per_pass = tokens_per_pass

    @property
    def dimension(self) -> int:
        """D of the rows."""
        return int(self._model.backbone.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows."""
        was_training = self._model.training
        self._model.eval()
        try:
            pieces = [self._encode(texts[start : start + PIECE]) for start in range(0, len(texts), PIECE)]
        finally:
            self._model.train(was_training)
        return np.concatenate([np.zeros((0, self.dimension), np.float32), *pieces])

    @torch.no_grad()
    def _encode(self, texts: Sequence[str]) -> Rows:
        passes = self._tokenizer.passes(texts, max_tokens=self._max_tokens, tokens_per_pass=self._tokens_per_pass)
        rows: Rows = torch.nn.functional.normalize(self._model(passes), dim=1).cpu().numpy()
        return rows


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """The context in which matrix products run in ``precision``."""
    dtype = torch.float16 if precision is Precision.FP16 else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=precision is not Precision.FP32)
