"""Processes to be killed, started in a millisecond: one process imports everything once and forks for each task.

It has no threads when it forks, as a test run may have. What a task acknowledges goes to a file by single writes, so
that the moment of its death cuts off nothing that it had said.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXPECTED_ERROR = 2  # the status of a task that ended with one of ours
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    """How a task ended: ``status`` is its exit code, or minus the signal that ended it; ``peak_kib`` its memory."""

    status: int
    peak_kib: int
    acknowledged: list[Any]


class Task:
    """A running task."""

    def __init__(self, zygote: Zygote, pid: int, notes: Path) -> None:
        self._zygote, self.pid, self.notes = zygote, pid, notes

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        os.kill(self.pid, signal.SIGKILL)  # a zombie until `wait`, so the number is still its own

    def wait(self) -> Ended:
        status, peak_kib = self._zygote.ask({"wait": self.pid})
        return Ended(status, peak_kib, self.acknowledged())

    def acknowledged(self) -> list[Any]:
        """What it has said so far; a last line that is not whole does not count."""
        *lines, _ = self.notes.read_text().split("\n") if self.notes.exists() else [""]
        return [json.loads(line) for line in lines]


class Zygote:
    """Use `started`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder, self._count = process, folder, 0

    @classmethod
    @contextmanager
    def started(cls, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Zygote]:
        """A zygote that keeps its notes in ``folder``."""
        path = os.pathsep.join([str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(environ or {})}
        program = [sys.executable, "-W", "ignore", str(Path(__file__))]
        with subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        ) as process:
            try:
                yield cls(process, folder)
            finally:
                process.kill()

    def start(self, work: str, *, stopped: bool = False, most_bytes: int = 0, **arguments: Any) -> Task:
        """Run a function of `workload` by name.

        Args:
            stopped: it waits for a SIGCONT before it begins.
            most_bytes: that a file may have; a write beyond is cut short.
        """
        self._count += 1
        notes = self._folder / f"notes-{self._count}"
        question = {"work": work, "arguments": arguments, "notes": str(notes), "stopped": stopped}
        question["most_bytes"] = most_bytes
        return Task(self, self.ask(question), notes)

    def run(self, work: str, **arguments: Any) -> Ended:
        return self.start(work, **arguments).wait()

    def ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the zygote died")
        return json.loads(answer)


def _serve() -> None:
    import workload

    workload.warm_up()
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status, usage = os.wait4(question["wait"], 0)
            answer: Any = [os.waitstatus_to_exitcode(status), usage.ru_maxrss]
        else:
            answer = os.fork()
            if answer == 0:
                _work(workload, question)
        print(json.dumps(answer), flush=True)


def _work(workload: Any, question: dict[str, Any]) -> None:
    from searchkit.errors import SearchkitError

    code = 70
    try:
        notes = os.open(question["notes"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(2, 1)  # standard output belongs to the zygote
        if question["most_bytes"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (question["most_bytes"], question["most_bytes"]))
        if question["stopped"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        code = getattr(workload, question["work"])(
            lambda said: os.write(notes, (json.dumps(said) + "\n").encode()), **question["arguments"]
        )
    except SearchkitError as error:
        code = EXPECTED_ERROR
        print(error, file=sys.stderr)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code or 0)


if __name__ == "__main__":
    _serve()
