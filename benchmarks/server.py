"""The HTTP server under load: queries a second, latencies, errors.

    python benchmarks/server.py --index FOLDER --queries FILE [--seconds 15] [--rate 150] [--soak MINUTES]
    python benchmarks/server.py --url URL ...      a server that runs already, any that answers GET with q=

FILE has a question a line. The load is made by another process of this script: raw HTTP/1.1 over asyncio, one request
at a time on each of 32 connections, every question once. Two loads: as much as the server takes, and a given rate,
at which a request is due at a set moment and its latency counts from there, however late it was sent.

--soak: the given rate, while a writer adds and removes documents by POST and DELETE; memory each half minute.

With real-time priority (chrt -f 10) the generator has the highest, then the server, then its helpers, as an ordinary
scheduler would favour them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

CONNECTIONS = 32
WARM_UP_S = 4
HEAD = """| load | queries/s | p50 ms | p95 ms | p99 ms | most ms | answered | errors | client CPU | server CPU ms |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one load met; latencies in milliseconds, ``share`` what the generator took of the machine's processors."""

    seconds: float
    answered: int
    errors: int
    rate: float
    p50: float
    p95: float
    p99: float
    most: float
    share: float

    @classmethod
    def of(cls, latencies_s: list[float], errors: int, seconds: float) -> Outcome:
        ordered = sorted(latencies_s) or [float("nan")]

        def at(share: float) -> float:
            return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

        done = len(latencies_s)
        share = time.process_time() / seconds / (os.cpu_count() or 1)
        return cls(seconds, done, errors, done / seconds, at(0.5), at(0.95), at(0.99), at(1.0), share)


class Connection(asyncio.Protocol):
    """Sends a request, gives its status; one at a time."""

    def __init__(self) -> None:
        self._got = b""
        self._need = -1
        self._done: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[int]:
        self._got, self._need = b"", -1
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return self._done

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._need < 0 and (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end].lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._need = end + 4 + int(length)
        if 0 <= self._need <= len(self._got) and self._done is not None and not self._done.done():
            self._done.set_result(int(self._got[9:12]))

    def connection_lost(self, _: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(0)


async def load(port: int, requests: Iterator[bytes], seconds: float, rate: float | None) -> Outcome:
    """Ask for so long, at a rate or as fast as answers come."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    errors = 0
    began = time.perf_counter()
    numbers = iter(range(1 << 60))

    async def one_connection() -> None:
        nonlocal errors
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        while True:
            due = time.perf_counter()
            if rate is not None:
                due = began + next(numbers) / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if due > began + seconds or time.perf_counter() > began + seconds + 10:
                connection.transport.close()  # type: ignore[attr-defined]
                return
            status = await connection.ask(next(requests))
            latencies.append(time.perf_counter() - due)
            if status != 200:
                errors += 1
            if status == 0:
                _, connection = await loop.create_connection(Connection, "127.0.0.1", port)

    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return Outcome.of(latencies, errors, max(seconds, time.perf_counter() - began if rate is None else seconds))


def generate(options: argparse.Namespace) -> None:
    """The generator's own process: prints an outcome."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(12)) if is_realtime() else None
    if options.requests:
        whole = json.loads(options.requests.read_text())
        requests = [part.encode() for part in whole]
    else:
        questions = options.queries.read_text(encoding="utf-8").splitlines()
        head = "GET /search?k=10&q={} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n"
        if options.path:
            head = head.replace("/search?k=10&q=", options.path)
        requests = [head.format(quote(question), options.port).encode() for question in questions]
    turn = (requests[(options.skip + i) % len(requests)] for i in range(1 << 60))
    print(json.dumps(asdict(asyncio.run(load(options.port, turn, options.seconds, options.rate)))))


def is_realtime() -> bool:
    return os.sched_getscheduler(0) == os.SCHED_FIFO


def run_load(port: int, seconds: float, rate: float | None, skip: int, more: list[str]) -> Outcome:
    command = [sys.executable, __file__, "--generate", "--port", str(port), "--seconds", str(seconds), *more]
    command += ["--skip", str(skip), *(["--rate", str(rate)] if rate else ["--rate", "0"])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Outcome(**json.loads(done.stdout))


@contextlib.contextmanager
def served(index: Path, port: int, workers: int | None, token: str, time_limit_s: float = 30) -> Iterator[int]:
    """A server of its own; gives its process id."""
    command = [sys.executable, "-m", "searchkit", "serve", "--index", str(index), "--port", str(port)]
    command += ["--time-limit", str(time_limit_s), *([] if workers is None else ["--workers", str(workers)])]
    process = subprocess.Popen(command, env={**os.environ, "SEARCHKIT_WRITE_TOKEN": token}, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ask(port, "/search?q=ready") == 200)
        if is_realtime():
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(11))
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def wait_until(true: Callable[[], bool], limit_s: float = 90) -> None:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if true():
                return
        time.sleep(0.2)
    raise TimeoutError("the server does not answer")


def ask(port: int, path: str, method: str = "GET", body: object = None, token: str = "") -> int:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=600) as answer:
        answer.read()
        return int(answer.status)


def family(pid: int) -> list[str]:
    """A process and its children."""
    return [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_s(pid: int) -> float:
    """What a process and its children have used of the processors so far."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Proportional memory of a process and its children."""
    total = 0.0
    for each in family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
    return total


def soak(options: argparse.Namespace, pid: int, token: str, more: list[str]) -> None:
    """The rate for minutes, with a writer beside it."""
    seconds = options.soak * 60
    command = [sys.executable, __file__, "--generate", "--port", str(options.port), "--seconds", str(seconds)]
    asking = subprocess.Popen([*command, "--rate", str(options.rate), *more], stdout=subprocess.PIPE, text=True)
    changes = errors = 0
    began = seen = time.monotonic()
    memory = [memory_mb(pid)]
    while asking.poll() is None:
        name = f"soak-{changes % 20}"
        try:
            body = {"documents": [{"id": name, "text": f"Change {changes} about {secrets.token_hex(4)} and the sea."}]}
            ask(options.port, "/documents", "POST", body, token)
            if changes % 3 == 2:
                ask(options.port, f"/documents/{name}", "DELETE", token=token)
        except OSError as error:
            errors += 1
            told = error.read(300) if isinstance(error, urllib.error.HTTPError) else b""
            print("writer:", error, told.decode(errors="replace"), flush=True)
        changes += 1
        if time.monotonic() - seen > 30:
            seen = time.monotonic()
            memory.append(memory_mb(pid))
        time.sleep(1)
    out, _ = asking.communicate()
    found = Outcome(**json.loads(out))
    print(f"soak of {(time.monotonic() - began) / 60:.1f} minutes: {changes} changes, {errors} of them failed")
    print("memory MB, each half minute:", ", ".join(f"{one:.0f}" for one in memory))
    show(f"{options.rate:g} a second, with a writer", found)


def show(name: str, found: Outcome, cpu: float | None = None) -> None:
    used = "" if cpu is None else f"{1000 * cpu / found.answered:.1f}"
    print(
        f"| {name} | {found.rate:.1f} | {found.p50:.0f} | {found.p95:.0f} | {found.p99:.0f} | {found.most:.0f} "
        f"| {found.answered} | {found.errors} | {100 * found.share:.1f}% | {used} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--requests", type=Path, help="JSON list of whole HTTP requests, instead of --queries")
    parser.add_argument("--path", default="", help="instead of /search?k=10&q=")
    parser.add_argument("--running", action="store_true", help="the server at --port runs already")
    parser.add_argument("--pid", type=int, default=0, help="of that server, to account for it")
    parser.add_argument("--warm-up", type=float, default=WARM_UP_S, help="seconds that are not counted")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=150, help="of the second load; 0: leave it out")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--time-limit", type=float, default=30, help="of the server, where others use the machine too")
    parser.add_argument("--soak", type=float)
    parser.add_argument("--skip", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.generate:
        options.rate = options.rate or None
        generate(options)
        return
    more = ["--queries", str(options.queries)] if options.queries else ["--requests", str(options.requests)]
    more += ["--path", options.path] if options.path else []
    token = secrets.token_hex(16)
    running = (
        contextlib.nullcontext(options.pid)
        if options.running
        else served(options.index, options.port, options.workers, token, options.time_limit)
    )
    with running as pid:
        run_load(options.port, options.warm_up, None, 0, more)
        if options.soak:
            soak(options, pid, token, more)
            return
        print(HEAD)
        loads: list[tuple[str, float | None, int]] = [(f"all it takes, {CONNECTIONS} connections", None, 1000)]
        loads += [(f"{options.rate:g} a second", options.rate, 6000)] if options.rate else []
        for name, rate, skip in loads:
            before = cpu_s(pid) if pid else 0.0
            found = run_load(options.port, options.seconds, rate, skip, more)
            show(name, found, cpu_s(pid) - before if pid else None)
        if pid:
            print(f"memory: {memory_mb(pid):.0f} MB")


if __name__ == "__main__":
    main()
