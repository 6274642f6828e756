"""Faults made on purpose. ``make faults`` runs them long and writes what came of it to benchmarks/faults.md."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from figures import IS_LONG, SEED, Figures
from zygote import Zygote

_figures = Figures(Path(__file__).parent.parent.parent / "benchmarks", SEED)


@pytest.fixture(scope="session")
def is_long() -> bool:
    return IS_LONG


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture
def tell_figures(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Takes what a test did and what came of it: a line of the table, once the test has passed."""
    started = time.monotonic()
    name = request.node.nodeid.rpartition("/")[2]
    return lambda what, outcome: _figures.tell(name, what, outcome, time.monotonic() - started)


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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if IS_LONG and (report.failed or report.when == "call"):
        _figures.judge(report.nodeid.rpartition("/")[2], has_passed=report.passed)


def pytest_sessionfinish() -> None:
    if IS_LONG:
        _figures.write()
