"""Shards made by Ray actors, one task a shard.

Plain actors, not Ray Data: a shard has to be the unit of work, of retry and of output, planned beforehand and written
by whoever makes it, so that a retry gives the same file. Ray Data cuts and names its own blocks, as its run happens
to go. Back-pressure is as plain: a worker has one shard in hand and one waiting, so nothing piles up anywhere, and
what travels are names and receipts; texts and vectors stay with the worker.

A worker that dies is started again by Ray, elsewhere if its machine is gone, and makes its shards again. When the
driver dies its actors end with it; the next run goes on with the shards that are there.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from searchkit.errors import MissingExtraError, ShardsError
from searchkit.scale.executors import Job, maker_for
from searchkit.scale.making import Receipt
from searchkit.scale.plan import Task

IN_HAND = 2  # shards of a worker: the one it makes, and the next
CONNECT_S = 20.0
RESTARTS = 8  # of a worker, and tries of a shard; one that takes its worker down each time is an error, not a loop


class _Worker:
    """The actor; it loads the encoder once."""

    def __init__(self, job: Job, threads: int | None) -> None:
        self._maker = maker_for(job, threads)

    def make(self, task: str) -> str:
        return self._maker.make(Task.from_json(task)).to_json()


class RayWorkers:
    """Actors on a Ray cluster.

    Args:
        address: ``HOST:PORT`` of the cluster's head, ``auto`` for the one that this machine is part of, or ``local``
            for one that is started for this run alone.
        count: of actors; None for one a GPU, or where there are none one a machine.
    """

    def __init__(self, job: Job, address: str, count: int | None) -> None:
        self._job, self._address, self._count = job, address, count

    def run(self, tasks: Sequence[Task]) -> Iterator[Receipt]:
        ray = _connected(self._address)
        try:
            yield from _shared_out(ray, self._workers(ray, len(tasks)), tasks)
        finally:
            ray.shutdown()

    def _workers(self, ray: Any, most: int) -> list[Any]:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        if not nodes:
            raise ShardsError(f"the Ray cluster at {self._address} has no machine with CPUs", hint="start a worker")
        gpus = int(sum(node.get("GPU", 0) for node in nodes)) if self._job.device in ("auto", "cuda") else 0
        count = min(self._count or gpus or len(nodes), most)
        a_node = max(1, -(-count // len(nodes)))
        cpus = max(1, int(min(node["CPU"] for node in nodes)) // a_node)
        remote = ray.remote(_Worker).options(
            num_cpus=cpus,
            num_gpus=1 if gpus and count <= gpus else 0,
            max_restarts=RESTARTS,
            max_task_retries=RESTARTS,
            scheduling_strategy="SPREAD",
        )
        return [remote.remote(self._job, cpus) for _ in range(count)]


def _connected(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as exc:
        raise MissingExtraError("Ray", "ray") from exc
    own = {"include_dashboard": False} if address == "local" else {}
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except (OSError, RuntimeError, ValueError) as exc:
        raise ShardsError(
            f"no Ray cluster answers at {address}: {str(exc).partition(chr(10))[0]}",
            hint="start one with `ray start --head` here, and `ray start --address=HOST:6379` on the other machines; "
            "where Ray asks for tokens all of them, and this, need RAY_AUTH_MODE=token and the same token",
        ) from exc
    return ray


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at ``HOST:PORT``: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()


def _shared_out(ray: Any, workers: Sequence[Any], tasks: Sequence[Task]) -> Iterator[Receipt]:
    waiting = deque(tasks)
    in_hand: dict[Any, Any] = {}  # who makes what
    for worker in list(workers) * IN_HAND:
        if waiting:
            in_hand[worker.make.remote(waiting.popleft().to_json())] = worker
    while in_hand:
        (done,), _ = ray.wait(list(in_hand), num_returns=1)
        worker = in_hand.pop(done)
        receipt = _result(ray, done)
        if waiting:
            in_hand[worker.make.remote(waiting.popleft().to_json())] = worker
        yield receipt


def _result(ray: Any, done: Any) -> Receipt:
    try:
        return Receipt.from_json(ray.get(done))
    except ray.exceptions.RayTaskError as exc:
        raise exc.cause from exc  # ours, or a fault that is to be seen as it is
    except ray.exceptions.RayActorError as exc:
        raise ShardsError(
            f"a worker was lost and could not be started again: {str(exc).strip().partition(chr(10))[0]}",
            hint="look at the machine's memory and Ray's logs, then run the same `searchkit embed` again",
        ) from exc
