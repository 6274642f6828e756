"""The encoder whose embeddings a smaller one learns to give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from searchkit.errors import TrainingError
from searchkit.training.model import Start, load_start
from searchkit.training.probe import TrainingEncoder
from searchkit.training.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor


class Teacher:
    """Gives texts the embeddings of a finished encoder, whole and without dropout.

    Args:
        run: of the learner; ``teacher`` names the checkpoint, or ``base`` where it is None.
        device: where it computes.

    Raises:
        CheckpointError: there is no such checkpoint, or it is damaged.
        TrainingError: texts may be longer than it takes.
    """

    def __init__(self, run: RunSettings, device: torch.device) -> None:
        self._run = RunSettings(
            base=run.teacher or run.base, max_tokens=run.max_tokens, tokens_per_pass=run.tokens_per_pass
        )
        self._start = load_start(self._run)
        self._start.model.to(device).eval().requires_grad_(False)

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 of its checkpoint."""
        return self._start.checkpoint.fingerprint()

    def embed(self, texts: Sequence[str], *, max_tokens: int) -> Tensor:
        """(B, D) float32 unit rows on its device; longer texts are cut, as they are for who learns."""
        encoder = TrainingEncoder(self._start, replace(self._run, max_tokens=max_tokens))
        return torch.from_numpy(encoder.encode_passages(texts)).to(self._start.model.device)

    def check(self, learner: Start) -> None:
        """Raise TrainingError unless the learner's embeddings are as long as its own."""
        wanted, found = (TrainingEncoder(start, self._run).dimension for start in (self._start, learner))
        if wanted != found:
            raise TrainingError(f"the teacher's embeddings have {wanted} dimensions, the learner's {found}")
