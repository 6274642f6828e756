"""The processes that train together: one, or as many as torchrun started.

Every process draws the same batch and embeds its own part of the rows. Embeddings are gathered, so that each row
is contrasted with the rows of all processes, and gradients are averaged by DistributedDataParallel.
"""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

from searchkit.encoder.torch_runtime import resolve_device
from searchkit.errors import TrainingError

if TYPE_CHECKING:
    from searchkit.training.mixture import Batch


MEETING = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what torchrun sets besides WORLD_SIZE


@dataclass(frozen=True, slots=True)
class World:
    """This process among the others.

    Attributes:
        rank: 0 writes, logs and evaluates.
        size: processes.
        device: of this process.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    def part(self, batch: Batch) -> tuple[Batch, Batch]:
        """What all processes use of a batch, and this process's part of it; parts are of equal size.

        Raises:
            TrainingError: the batch has fewer rows than there are processes.
        """
        each = len(batch) // self.size
        if each == 0:
            raise TrainingError(f"a batch of {len(batch)} rows cannot be shared by {self.size} processes")
        return batch.rows(0, each * self.size), batch.rows(each * self.rank, each * (self.rank + 1))

    def gather(self, embeddings: Tensor, columns: int) -> Tensor:
        """The embeddings of all processes, column after column; the gradient goes to this process's rows alone.

        Args:
            embeddings: (columns * B, D) of this process.
            columns: texts a row: anchors, positives, hard negatives.

        Returns:
            (columns * B * size, D). A loss computed from it is the loss of the joint batch, and ``size`` times
            its gradient, averaged over the processes, is the joint gradient.
        """
        if self.size == 1:
            return embeddings
        parts = [torch.empty_like(embeddings) for _ in range(self.size)]
        dist.all_gather(parts, embeddings.detach().contiguous())
        parts[self.rank] = embeddings
        split = [part.chunk(columns) for part in parts]
        return torch.cat([part[column] for column in range(columns) for part in split])

    def gather_bytes(self, values: Tensor) -> list[Tensor]:
        """A small uint8 tensor of every process, in the order of ranks, on the CPU."""
        if self.size == 1:
            return [values]
        parts = [torch.empty_like(values, device=self.device) for _ in range(self.size)]
        dist.all_gather(parts, values.to(self.device))
        return [part.cpu() for part in parts]

    def wrap(self, model: torch.nn.Module) -> Any:
        """The model as it has to be called for training."""
        return model if self.size == 1 else torch.nn.parallel.DistributedDataParallel(model)

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            dist.barrier()


def join_world(device: str) -> World:
    """The world that torchrun's environment describes; alone without it.

    Args:
        device: as in the recipe; with several processes each CUDA process takes the GPU of its local rank.

    Raises:
        TrainingError: the environment names several processes, but not how they meet.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    kind = resolve_device(device)
    if size == 1:
        return World(0, 1, torch.device(kind))
    if missing := [name for name in MEETING if name not in os.environ]:
        raise TrainingError(
            f"WORLD_SIZE is {size}, but {', '.join(missing)} is not set",
            hint="start with torchrun, or unset WORLD_SIZE to train in one process",
        )
    if kind == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not dist.is_initialized():
        dist.init_process_group("nccl" if kind == "cuda" else "gloo")
        atexit.register(_leave)
    return World(dist.get_rank(), size, torch.device(kind))


def _leave() -> None:
    """NCCL complains about processes that go without a word."""
    if dist.is_initialized():
        dist.destroy_process_group()
