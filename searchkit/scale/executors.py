"""Where shards are made: in this process, in several on this machine, or (see `ray_workers`) on many machines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from searchkit.errors import ShardsError
from searchkit.scale.making import Receipt, ShardMaker
from searchkit.scale.manifest import Recipe
from searchkit.scale.place import Place
from searchkit.scale.plan import Task

if TYPE_CHECKING:
    from searchkit.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker has to know: how, with which model, on what device, and where to."""

    recipe: Recipe
    model: str | None
    device: str
    out: str


class Executor(Protocol):
    """Makes the shards of tasks, in any order, each at least once."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Receipt]:
        """The receipt of each task as it is done."""
        ...


class InProcess:
    """One shard after the other, right here."""

    def __init__(self, encoder: Encoder, job: Job) -> None:
        self._maker = ShardMaker(encoder, job.recipe, Place(job.out))

    def run(self, tasks: Sequence[Task]) -> Iterator[Receipt]:
        return map(self._maker.make, tasks)


class Processes:
    """Several processes on this machine, each with an encoder of its own and its share of the cores."""

    def __init__(self, job: Job, count: int) -> None:
        self._job, self._count = job, count

    def run(self, tasks: Sequence[Task]) -> Iterator[Receipt]:
        from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
        from multiprocessing import get_context

        threads = max(1, (os.cpu_count() or 1) // self._count)
        start = (self._job, threads)
        with ProcessPoolExecutor(self._count, get_context("spawn"), _begin, start) as pool:
            waiting = [pool.submit(_make, task.to_json()) for task in tasks]
            try:
                for done in as_completed(waiting):
                    yield Receipt.from_json(done.result())
            except BrokenExecutor as exc:
                raise ShardsError(
                    "a worker process ended, perhaps for lack of memory",
                    hint="run the same `searchkit embed` again, which goes on with what is missing; a lower "
                    "--concurrency takes less memory",
                ) from exc
            finally:
                for future in waiting:
                    future.cancel()


_maker: ShardMaker | None = None  # of a process of `Processes`


def _begin(job: Job, threads: int) -> None:
    global _maker
    _maker = maker_for(job, threads)


def _make(task: str) -> str:
    assert _maker is not None
    return _maker.make(Task.from_json(task)).to_json()


def maker_for(job: Job, threads: int | None) -> ShardMaker:
    """What makes shards in a process that has no encoder yet."""
    from searchkit.encoder import load_encoder

    encoder = load_encoder(job.model, device=job.device, threads=threads)
    return ShardMaker(encoder, job.recipe, Place(job.out))
