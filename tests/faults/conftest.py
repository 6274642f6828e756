"""Faults made on purpose. ``make faults`` runs them long, and writes what came of it to benchmarks/faults.md."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from zygote import Zygote

IS_LONG = os.environ.get("SEARCHKIT_FAULTS") == "long"
SEED = int(os.environ.get("SEARCHKIT_FAULTS_SEED", "1"))
FIGURES = Path(__file__).parent.parent.parent / "benchmarks" / "faults.md"
_told: list[str] = []


@pytest.fixture(scope="session")
def is_long() -> bool:
    return IS_LONG


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture
def tell_figures() -> Iterator[object]:
    """Takes what a test did and what came of it: a line of the table, once the test has passed."""
    started = time.monotonic()
    lines: list[tuple[str, str]] = []
    yield lambda what, outcome: lines.append((what, outcome))
    seconds = time.monotonic() - started
    _told.extend(f"| {what} | {outcome} | {seconds:,.0f} |" for what, outcome in lines)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what is synced costs nothing there."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    if not hasattr(os, "fork"):
        pytest.skip("processes are forked here")
    with Zygote.started(tmp_path_factory.mktemp("notes")) as started:
        yield started


def pytest_sessionfinish(exitstatus: int) -> None:
    if not IS_LONG or exitstatus != 0 or not _told:
        return
    import sqlite3

    machine = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}"
    head = (
        "# Faults made on purpose\n\n"
        "Written by `make faults`, which fails where a line does not hold; a short version of each is in the tests.\n"
        f"Seed {SEED}; {machine}; {os.cpu_count()} cores. What is promised: [RELIABILITY.md](../RELIABILITY.md).\n\n"
        "| what was done | what came of it | seconds |\n|---|---|---|\n"
    )
    FIGURES.write_text(head + "\n".join(_told) + "\n", encoding="utf-8")
