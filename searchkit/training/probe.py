"""The model under training as an encoder, for the dev evaluation and for mining."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from searchkit.encoder.batching import windows
from searchkit.training.model import Start
from searchkit.training.settings import Head, RunSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from searchkit.types import Rows


class TrainingEncoder:
    """An `Encoder` over weights that still change: each call uses them as they are, without dropout.

    Args:
        start: the model under training.
        run: ``max_tokens``, and whether the head is part of the encoder.
    """

    def __init__(self, start: Start, run: RunSettings) -> None:
        self._start = start
        self._run = run

    @property
    def name(self) -> str:
        """What to show."""
        return f"{self._start.checkpoint.name} in training"

    @property
    def dimension(self) -> int:
        """D of the rows."""
        return int(self.encode_passages(["x"]).shape[1])

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens."""
        return self._run.max_tokens

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of the weights as they are now."""
        digest = hashlib.sha256()
        for weight in self._start.model.state_dict().values():
            digest.update(weight.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    @property
    def tokenizer(self) -> Tokenizer:
        """A copy without truncation."""
        copy = type(self._start.tokenizer).from_str(self._start.tokenizer.to_str())
        copy.no_truncation()
        return copy

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows."""
        return self._encode(texts, self._start.checkpoint.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Rows:
        """(N, D) float32 unit rows."""
        return self._encode(texts, self._start.checkpoint.passage_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Rows:
        lower = self._start.checkpoint.lower_case
        texts = [(prompt + text).lower() if lower else prompt + text for text in texts]
        model = self._start.model
        was_training, were_in_use = model.training, model.heads_in_use
        model.eval()
        model.heads_in_use = self._run.head is not Head.TRAIN_ONLY
        try:
            pieces = [self._encode_window(texts[start:stop]) for start, stop in windows(texts)]
        finally:
            model.train(was_training)
            model.heads_in_use = were_in_use
        return np.concatenate(pieces) if pieces else np.zeros((0, self.dimension), np.float32)

    @torch.no_grad()
    def _encode_window(self, texts: Sequence[str]) -> Rows:
        passes = self._start.passes(texts, max_tokens=self._run.max_tokens, tokens_per_pass=self._run.tokens_per_pass)
        rows: Rows = torch.nn.functional.normalize(self._start.model(passes)[0], dim=1).cpu().numpy()
        return rows
