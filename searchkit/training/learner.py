"""The gradient of one batch: embed, contrast, send back; in one go or by cached gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from searchkit.training.contrast import batch_loss, column_count, texts_of
from searchkit.training.language import MaskedPass, Masker
from searchkit.training.mixture import Batch
from searchkit.training.model import Start, other_dropout
from searchkit.training.passes import Pass
from searchkit.training.randomness import get_random_state, set_random_state
from searchkit.training.settings import Kind, Precision, RunSettings
from searchkit.training.teacher import Teacher
from searchkit.training.world import World


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a batch gave: its loss in nats, and the texts of all processes that ran through the model."""

    loss: float
    texts: int


class Learner:
    """Adds the gradients of batches to the weights of the start's model.

    Args:
        start: model and tokenizer; the model is on the world's device.
        run: objective and precision.
        world: the processes that share each batch.
        teacher: for batches of kind ``distil``; None where there are none.
    """

    def __init__(self, start: Start, run: RunSettings, world: World, teacher: Teacher | None = None) -> None:
        self._start = start
        self._teacher = teacher
        self._run = run
        self._world = world
        self._model = world.wrap(start.model)
        self._masker = Masker(start.tokenizer) if run.mlm_weight else None
        self.scaler = torch.amp.GradScaler(world.device.type, enabled=run.precision is Precision.FP16)

    def learn(self, batch: Batch, *, is_last: bool = True) -> Lesson:
        """Add the gradient of one batch, divided by ``accumulate``.

        Args:
            batch: of all processes.
            is_last: of the batches of this step; gradients are exchanged then.
        """
        joint, own = self._world.part(batch)
        texts = texts_of(own, self._run, self._start.checkpoint)
        max_tokens = batch.settings.max_tokens or self._run.max_tokens
        passes = self._start.passes(texts, max_tokens=max_tokens, tokens_per_pass=self._run.tokens_per_pass)
        taught = self._taught(own, max_tokens)
        masked = [self._masker(each) for each in passes] if self._masker else []
        backward = self._cached if self._run.cached_gradients else self._plain
        columns = column_count(own, self._run)

        def loss_of(embeddings: Tensor) -> Tensor:
            return batch_loss(joint, self._world.gather(embeddings, columns), self._run, taught)

        with other_dropout(self._start.model, batch.settings.dropout):
            loss = backward(passes, masked, loss_of, is_last)
        return Lesson(loss, len(texts) * self._world.size)

    def _taught(self, own: Batch, max_tokens: int) -> Tensor | None:
        """What the teacher gives for the batch of all processes, (B, D), each process asking it for its own part."""
        if own.settings.kind is not Kind.DISTIL:
            return None
        assert self._teacher is not None
        return self._world.gather(self._teacher.embed(own.columns[0], max_tokens=max_tokens), 1)

    def _plain(
        self, passes: Sequence[Pass], masked: Sequence[MaskedPass], loss_of: Callable[[Tensor], Tensor], is_last: bool
    ) -> float:
        with self._exchange(is_last):
            with self._autocast():
                embeddings, language = self._model(passes, masked)
            loss = loss_of(embeddings)
            self._backward(loss * self._world.size + self._language_share(masked) * language)
        return float(loss.detach() + self._language_share(masked) * language.detach())

    def _cached(
        self, passes: Sequence[Pass], masked: Sequence[MaskedPass], loss_of: Callable[[Tensor], Tensor], is_last: bool
    ) -> float:
        """First all embeddings without a graph, then pass by pass again under the same dropout, with their gradient.

        Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup",
        https://arxiv.org/abs/2101.06983
        """
        states, parts = [], []
        for each in passes:
            states.append(get_random_state(self._world.device))
            with torch.no_grad(), self._autocast():
                parts.append(self._start.model([each])[0])
        places = torch.tensor([row for each in passes for row in each.rows]).argsort().to(self._world.device)
        cached = torch.cat(parts).requires_grad_()
        loss = loss_of(cached[places])
        self._backward(loss * self._world.size)
        assert cached.grad is not None
        gradients = torch.split(cached.grad, [len(each.rows) for each in passes])
        total = float(loss.detach())
        for number, (each, gradient) in enumerate(zip(passes, gradients, strict=True)):
            set_random_state(self._world.device, states[number])
            with self._exchange(is_last and number == len(passes) - 1):
                with self._autocast():
                    embeddings, language = self._model([each], masked[number : number + 1])
                carried = (embeddings * gradient).sum()  # its gradient is the cached one
                language = self._language_share(masked) * language
                (carried + self.scaler.scale(language / self._run.accumulate)).backward()
            total += float(language.detach())
        return total

    def _language_share(self, masked: Sequence[MaskedPass]) -> float:
        """What one masked token counts: lambda over their number."""
        return self._run.mlm_weight / max(1, sum(each.count for each in masked))

    def _backward(self, loss: Tensor) -> None:
        self.scaler.scale(loss / self._run.accumulate).backward()  # type: ignore[no-untyped-call]

    def _autocast(self) -> torch.autocast:
        dtype = torch.float16 if self._run.precision is Precision.FP16 else torch.bfloat16
        return torch.autocast(self._world.device.type, dtype=dtype, enabled=self._run.precision is not Precision.FP32)

    def _exchange(self, exchanges: bool) -> Any:
        """Whether the gradients of this backward pass are averaged over the processes, or kept for later."""
        return nullcontext() if exchanges or self._world.size == 1 else self._model.no_sync()
