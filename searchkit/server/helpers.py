"""Processes that search for the server. Much of a search is Python, of which one process runs one line at a time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from searchkit.server.answering import Finished
from searchkit.server.failures import BusyError

# The modules of this process, and so not what happens to lie in the working folder, which -m would look through first;
# and Ctrl-C is for the server alone, which then closes our input.
_START = (
    "import sys; sys.path[:] = sys.argv[1:]; import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "from searchkit.server.helper import main; main()"
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What a helper is started with: the folder of the index, where models run, and where the encoder lies now."""

    index: Path
    device: str = "auto"
    encoder: str | None = None


class Helpers:
    """So many processes, each of which answers one batch at a time; one that dies is replaced."""

    def __init__(self, count: int, launch: Launch) -> None:
        """Start them; they load what they need while the server starts."""
        self._launch = launch
        self._idle: queue.SimpleQueue[_Helper] = queue.SimpleQueue()
        self._all = [_Helper(launch) for _ in range(count)]
        for helper in self._all:
            self._idle.put(helper)

    def ask(self, texts: Sequence[str], k: int, options: Mapping[str, Any]) -> Sequence[Finished]:
        """Answers from whichever is idle.

        Raises:
            BusyError: the process ended in the middle; the next batch finds another.
        """
        helper = self._idle.get()
        try:
            if not helper.is_alive:
                helper.start()
            return helper.ask(texts, k, options)
        except (OSError, ValueError) as error:  # it is gone, or said something else
            helper.stop()
            raise BusyError("a search process ended; another is started", hint="try again") from error
        finally:
            self._idle.put(helper)

    def close(self) -> None:
        """End them all."""
        for helper in self._all:
            helper.stop()


class _Helper:
    """One process."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def start(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._is_ready = False
        self._write({**asdict(self._launch), "index": str(self._launch.index.absolute())})

    def ask(self, texts: Sequence[str], k: int, options: Mapping[str, Any]) -> list[Finished]:
        if not self._is_ready:
            self._read_line()
            self._is_ready = True
        self._write({"texts": list(texts), "k": k, "options": dict(options)})
        return [Finished(status, self._read(length)) for status, length in self._read_line()]

    def stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was to be written has no reader
                    pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value).encode() + b"\n")
        self._process.stdin.flush()

    def _read_line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise OSError("the process ended")
        return json.loads(line)

    def _read(self, length: int) -> bytes:
        assert self._process.stdout is not None
        body = self._process.stdout.read(length)
        if len(body) != length:
            raise OSError("the process ended")
        return body
