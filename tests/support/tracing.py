"""What a process does to files, by strace: recorded, or answered with an error in the kernel's name."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zygote import Ended, Task

CHANGES = (
    "openat,open,creat,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "link,linkat,mkdir,mkdirat,lseek,close"
)
_LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(.*)", re.DOTALL)
_FIELD = re.compile(r' *(?:"((?:\\x[0-9a-f]{2})*)"|(\w+)<((?:\\x[0-9a-f]{2})*)>|([^, ][^,]*))')


@dataclass(frozen=True)
class Call:
    """A call that succeeded: its fields as text, paths and data as bytes, descriptors with the path they stand for."""

    name: str
    fields: list[bytes | str]
    paths: list[str]
    result: int


def is_possible() -> bool:
    """Whether strace is here and may look at our processes."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    return done.returncode == 0


def traced(task: Task, options: Sequence[str]) -> Ended:
    """Let a task that has stopped itself go on under strace, to its end."""
    while Path(f"/proc/{task.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)  # else it might stop itself after it was told to go on
    program = ["strace", "-p", str(task.pid), *options]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        assert "attached" in said, said
        os.kill(task.pid, signal.SIGCONT)
        ended = task.wait()
        strace.stderr.read()
    return ended


def recorded(task: Task, file: Path) -> tuple[Ended, list[Call]]:
    """The calls of a task that change files, in order."""
    ended = traced(
        task, ["-o", str(file), "-y", "-xx", "-s", "100000000", "-e", f"trace={CHANGES}", "-e", "signal=none"]
    )
    return ended, list(_calls(file))


def _calls(file: Path) -> Iterator[Call]:
    for line in file.read_text(encoding="ascii").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or int(found.group(3)) < 0:
            continue
        fields: list[bytes | str] = []
        paths: list[str] = []
        for data, number, path, other in _FIELD.findall(found.group(2)):
            if path:
                paths.append(_bytes(path).decode())
                fields.append(number)
            else:
                fields.append(other.strip() if other else _bytes(data))
        name, rest = found.group(1), found.group(4)
        opened = re.search(r"<((?:\\x[0-9a-f]{2})*)>", rest)
        if opened:
            paths.append(_bytes(opened.group(1)).decode())
        yield Call(name, [field for field in fields if field != ""], paths, int(found.group(3)))


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
