"""What the benches share: the machine in words, whole-process timing, and Markdown tables."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """One finished process: wall and CPU seconds, peak resident memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run_process(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> ProcessCost:
    """Run a command to its end, its output thrown away, and account for it."""
    script = (
        "import json,resource,subprocess,sys,time\n"
        "t=time.perf_counter(); p=subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "w=time.perf_counter()-t; u=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([w, u.ru_utime+u.ru_stime, u.ru_maxrss/1024, p.returncode, p.stderr.decode()[-500:]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    import json

    wall_s, cpu_s, peak_mb, code, errors = json.loads(done.stdout)
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {code}: {errors}")
    return ProcessCost(wall_s, cpu_s, peak_mb)


def interleaved(
    commands: Mapping[str, Sequence[str]], *, rounds: int, env: Mapping[str, str] | None = None
) -> dict[str, list[ProcessCost]]:
    """Each command once a round, in turn, after one round that is not counted."""
    costs: dict[str, list[ProcessCost]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            cost = run_process(command, env=env)
            if number:
                costs[name].append(cost)
    return costs


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """``median [least-greatest]``."""
    return f"{median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def machine(*packages: str) -> str:
    """The machine and the versions, for the top of a result."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}; {versions}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def write_result(name: str, title: str, text: str, *packages: str) -> None:
    """Keep a result as Markdown with the date, the machine and the command that made it."""
    RESULTS.mkdir(exist_ok=True)
    made_by = f"Made by `python benchmarks/{Path(sys.argv[0]).name}`."
    head = f"# {title}\n\n{time.strftime('%Y-%m-%d')}, {machine(*packages)}\n\n{made_by}\n\n"
    (RESULTS / f"{name}.md").write_text(head + text.rstrip() + "\n", encoding="utf-8")
    print(head + text)


def peak_mb() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
