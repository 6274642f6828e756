"""Shards that Ray's workers make are those of one process, whoever dies meanwhile. ``make scale`` runs these."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchkit.errors import ShardsError
from searchkit.scale.embed import EmbedOptions, embed
from searchkit.search.reports import Progress

ray = pytest.importorskip("ray")

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore"),  # Ray's own; they are not about this
]
SIZES = {"batch_size": 8, "shard_size": 10, "device": "cpu"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two nodes of one CPU on this machine."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_raylet_start_wait_time_s", "240")
    os.environ["RAY_AUTH_MODE"] = "disabled"
    own = {"num_cpus": 1, "object_store_memory": 80_000_000}
    made = Cluster(initialize_head=True, head_node_args={**own, "include_dashboard": False})
    try:
        made.add_node(**own)
        yield made.address
    finally:
        made.shutdown()


def contents(out: str | Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(Path(out).iterdir())}


@pytest.fixture
def expected(corpus: Path) -> dict[str, str]:
    embed([str(corpus)], "whole", options=EmbedOptions(**SIZES))  # type: ignore[arg-type]
    return contents("whole")


def workers() -> list[int]:
    """The processes of the actors."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if line.startswith(b"ray::_Worker"):
                found.append(int(process.name))
    return found


@pytest.mark.parametrize("count", [1, 2])
def test_any_number_of_workers_makes_the_same_bytes(
    corpus: Path, expected: dict[str, str], cluster: str, count: int
) -> None:
    report = embed([str(corpus)], "out", options=EmbedOptions(**SIZES, ray=cluster, concurrency=count))  # type: ignore[arg-type]
    assert report.made == report.shards > 5
    assert contents("out") == expected


@pytest.mark.skipif(not Path("/proc").exists(), reason="the workers are found in /proc")
def test_a_worker_that_is_killed_is_replaced(corpus: Path, expected: dict[str, str], cluster: str) -> None:
    killed: list[int] = []

    def watch(progress: Progress) -> None:
        if progress.stage == "embed" and progress.done == 3 and not killed:
            killed.append(workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    options = EmbedOptions(**SIZES, ray=cluster, concurrency=2)  # type: ignore[arg-type]
    embed([str(corpus)], "out", options=options, progress=watch)
    assert killed
    assert contents("out") == expected


SCRIPT = """
import json, sys
from searchkit.scale.embed import EmbedOptions, embed
options = EmbedOptions(**json.loads(sys.argv[1]))
embed(["docs"], "out", options=options, progress=lambda p: print(p.stage, p.done, flush=True))
"""


def test_a_driver_that_is_killed_is_gone_on_with(corpus: Path, expected: dict[str, str], cluster: str) -> None:
    options = {**SIZES, "ray": cluster, "concurrency": 2}
    root = Path(__file__).parent.parent.parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", SCRIPT, json.dumps(options)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if line.startswith("embed 3"):
                driver.kill()
                break
    assert driver.returncode == -signal.SIGKILL
    assert "manifest.json" not in contents("out")
    report = embed([str(corpus)], "out", options=EmbedOptions(**options))  # type: ignore[arg-type]
    assert 0 < report.made <= report.shards - 3
    assert contents("out") == expected


def test_an_error_of_a_worker_comes_out_as_it_is(corpus: Path, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from searchkit.scale.ray_workers import RayWorkers

    begin = RayWorkers.__init__

    def changing(self: RayWorkers, *arguments: object) -> None:
        (corpus / "guide.md").write_text("Something else.")
        begin(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RayWorkers, "__init__", changing)
    with pytest.raises(ShardsError, match=r"guide\.md changed while it was embedded"):
        embed([str(corpus)], "out", options=EmbedOptions(**SIZES, ray=cluster))  # type: ignore[arg-type]


def test_no_cluster_is_told_with_the_next_step(corpus: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ShardsError, match=f"no Ray cluster answers at {address}") as caught:
            embed([str(corpus)], "out", options=EmbedOptions(**SIZES, ray=address))  # type: ignore[arg-type]
    assert "ray start --head" in caught.value.hint
