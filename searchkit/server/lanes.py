"""Threads that do the work, and the queue before them.

Queries that wait and have the same options are answered together: one call of the encoder, one pass over the vectors.
Nobody waits for company: a thread that is free takes whatever there is, so a lone query is as quick as ever, and the
more wait, the cheaper each becomes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from searchkit.server.failures import BusyError

STOPPING = "the server is stopping"
MOST_TOGETHER = 16  # more make an answer cheaper by little, and wait for each other
Work = Callable[[Sequence[Any]], Sequence[Any]]  # as many results as were given; an exception may stand for one


@dataclass(slots=True, eq=False)
class _Waiting:
    """One item of work, and whom to tell. Items of equal ``key`` may be done together."""

    key: Hashable
    item: Any
    work: Work
    done: asyncio.Future[Any]

    def settle(self, result: Any) -> None:
        if self.done.cancelled():
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


@dataclass(slots=True)
class LaneCounts:
    """What went through a lane so far."""

    items: int = 0
    calls: int = 0
    refused: int = 0


@dataclass(eq=False)
class Lane:
    """So many threads, and at most so many items that wait for one.

    Attributes:
        name: to show.
        threads: that work.
        most_waiting: one more is refused.
    """

    name: str
    threads: int
    most_waiting: int
    counts: LaneCounts = field(default_factory=LaneCounts)

    def __post_init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._resting = 0  # threads that have nothing to do, or are just taking something
        self._running: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Start the threads, within the event loop that will ask; they end with `close`, or with the process."""
        self._loop = asyncio.get_running_loop()
        for number in range(self.threads):
            thread = threading.Thread(target=self._run, name=f"searchkit-{self.name}-{number}", daemon=True)
            self._running.append(thread)
            thread.start()

    def close(self, wait_s: float | None = None) -> None:
        """Finish what is being done, drop what waits, end the threads.

        Args:
            wait_s: what takes longer is left to end by itself, and nobody is told of it; None to wait for all.
        """
        with self._changed:
            self._closed = True
            dropped, self._waiting = list(self._waiting), deque()
            self._changed.notify_all()
        self._tell(dropped, [BusyError(STOPPING)] * len(dropped))
        end = None if wait_s is None else time.monotonic() + wait_s
        for thread in self._running:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        self._running.clear()

    async def run(self, job: Callable[[], Any]) -> Any:
        """What the job returns or raises; see `submit`."""
        return await self.submit(None, job, lambda jobs: [jobs[0]()])

    async def submit(self, key: Hashable, item: Any, work: Work) -> Any:
        """The result of one item; with a key, it may be done together with others of the same.

        Raises:
            BusyError: too many wait already.
        """
        waiting = _Waiting(key, item, work, asyncio.get_running_loop().create_future())
        with self._changed:
            if self._closed:
                raise BusyError(STOPPING)
            if len(self._waiting) >= self.most_waiting:
                self.counts.refused += 1
                raise BusyError(f"{len(self._waiting)} requests wait already", hint="try again in a moment")
            self._waiting.append(waiting)
            self._changed.notify()
        return await waiting.done

    def _run(self) -> None:
        while True:
            with self._changed:
                self._resting += 1
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                together = self._take()
                self._resting -= 1
            if together:
                self._tell(together, results_of(together[0].work, [waiting.item for waiting in together]))

    def _take(self) -> list[_Waiting]:
        """The one that waits longest, and others of its key, but no more than this thread's share of them.

        Those that nobody waits for any more are dropped.
        """
        most = min(MOST_TOGETHER, -(-len(self._waiting) // max(1, self._resting)))
        first: _Waiting | None = None
        taken: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        for waiting in self._waiting:
            if waiting.done.cancelled():
                continue
            if first is None:
                first = waiting
                taken.append(waiting)
            elif first.key is not None and waiting.key == first.key and len(taken) < most:
                taken.append(waiting)
            else:
                left.append(waiting)
        self._waiting = left
        self.counts.items += len(taken)
        self.counts.calls += bool(taken)
        return taken

    def _tell(self, those: list[_Waiting], results: Sequence[Any]) -> None:
        def settle() -> None:
            for waiting, result in zip(those, results, strict=True):
                waiting.settle(result)

        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended, and everybody who waited with it
                self._loop.call_soon_threadsafe(settle)


def results_of(work: Work, items: list[Any]) -> Sequence[Any]:
    """A result or an exception for each; what fails together is tried one by one."""
    try:
        return work(items)
    except Exception as error:
        if len(items) == 1:
            return [error]
    except BaseException as error:  # a panic in a library of Rust; the thread is needed for others
        if len(items) == 1:
            failed = RuntimeError(f"the work ended with {type(error).__name__}")
            failed.__cause__ = error
            return [failed]
    return [results_of(work, [item])[0] for item in items]
