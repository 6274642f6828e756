"""Bulk embedding by Ray on two hosts, which are two network namespaces of this machine, beside the plain path.

    python benchmarks/ray_embedding.py --passages FILE.jsonl --work FOLDER [--count 20000] [STAGE ...]

Stages, each of which writes to FOLDER/times.json (as root, with ray installed):

    plain     in this process, one thread
    one       Ray, one worker of one thread
    two       Ray, a worker of one thread on each host
    kill      Ray, two workers, one of which is killed half-way
    driver    Ray, two workers; the driver is killed half-way and started again
    both      Ray, two workers, one of which is killed after a third; the driver after two thirds, and started again
    report    compare the bytes of all and write results/ray_embedding.md

Runs over other numbers of passages have other folders, which the report takes as well: --also FOLDER.

Each host is a namespace with an address of its own and a Ray node in it. They share the cores and the disk of this
machine, so what two workers gain is what its second core gives.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

Times: TypeAlias = dict[str, dict[str, Any]]  # a stage -> what was noted of it

HOSTS = {"searchkit-a": "10.99.0.1", "searchkit-b": "10.99.0.2"}
PORT = 26379
SIZE = "BENCH_SHARD_SIZE"  # of the environment, for the processes that do the work
STAGES = ("plain", "one", "two", "kill", "driver", "report")
KILLS = {  # after which share of the shards who is killed
    "kill": ((1 / 2, "worker"),),
    "driver": ((1 / 2, "driver"),),
    "both": ((1 / 3, "worker"), (2 / 3, "driver")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--shard-size", type=int, default=1024)
    parser.add_argument("--also", type=Path, nargs="*", default=[])
    parser.add_argument("--embed", nargs=3, metavar=("OUT", "RAY", "WORKERS"), help=argparse.SUPPRESS)
    parser.add_argument("stages", nargs="*")
    options = parser.parse_args()
    if options.embed:
        embed_here(options.work / "passages.jsonl", options.shard_size, *options.embed)
        return
    os.environ[SIZE] = str(options.shard_size)
    os.environ["RAY_AUTH_MODE"] = "token"  # of this user, ~/.ray/auth_token
    options.work.mkdir(parents=True, exist_ok=True)
    stages = options.stages or STAGES
    if options.passages:
        with options.passages.open("rb") as lines:
            (options.work / "passages.jsonl").write_bytes(b"".join(islice(lines, options.count)))
    if "plain" in stages:
        note(options.work, "plain", timed(options.work, "plain", "-", 1))
    if set(stages) & {"one", "two", *KILLS}:
        with cluster(options.work) as address:
            for stage in stages:
                if stage in ("one", "two"):
                    note(options.work, stage, timed(options.work, stage, address, 1 if stage == "one" else 2))
                if stage in KILLS:
                    note(options.work, stage, killed(options.work, stage, address))
    if "report" in stages:
        report([options.work, *options.also])


def embed_here(source: Path, shard_size: int, out: str, ray: str, workers: str) -> None:
    """One run of the library, in a process of its own; tells seconds and, as they come, shards."""
    from searchkit import load_encoder
    from searchkit.scale.embed import EmbedOptions, embed

    os.chdir(source.parent)
    began = time.perf_counter()
    settings = EmbedOptions(
        shard_size=shard_size, ray=None if ray == "-" else ray, concurrency=int(workers), device="cpu"
    )
    encoder = load_encoder(threads=1) if ray == "-" else None
    report = embed(
        [source.name],
        out,
        encoder=encoder,
        options=settings,
        progress=lambda p: print(json.dumps([p.stage, p.done, p.total]), flush=True),
    )
    seconds = time.perf_counter() - began
    print(json.dumps(["end", seconds, report.counts.passages]), flush=True)


def command(work: Path, out: str, ray: str, workers: int) -> list[str]:
    inside = [] if ray == "-" else ["ip", "netns", "exec", next(iter(HOSTS))]
    own = ["--work", str(work), "--shard-size", os.environ[SIZE], "--embed", str(work / out), ray, str(workers)]
    return [*inside, sys.executable, str(Path(__file__).resolve()), *own]


def timed(work: Path, out: str, ray: str, workers: int) -> dict[str, object]:
    subprocess.run(["rm", "-rf", str(work / out)], check=True)
    environ = {**os.environ, "RAYON_NUM_THREADS": "1"}
    done = subprocess.run(command(work, out, ray, workers), check=True, stdout=subprocess.PIPE, text=True, env=environ)
    _, seconds, passages = json.loads(done.stdout.strip().splitlines()[-1])
    return {"seconds": seconds, "passages": passages}


def killed(work: Path, stage: str, address: str) -> dict[str, object]:
    """On the way a worker is killed, or the driver, which is then started again."""
    subprocess.run(["rm", "-rf", str(work / stage)], check=True)
    left = list(KILLS[stage])
    happened: list[str] = []
    with subprocess.Popen(command(work, stage, address, 2), stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if not line.startswith('["'):
                continue  # Ray tells of the worker that was lost
            name, done, total = json.loads(line)
            if name == "embed" and left and done >= left[0][0] * total:
                who = left.pop(0)[1]
                os.kill(workers()[0] if who == "worker" else driver.pid, signal.SIGKILL)
                happened.append(f"the {who} after {done} of {total} shards")
    assert not left
    made = len(list((work / stage).glob("shard-*.parquet")))
    if KILLS[stage][-1][1] == "driver":
        assert driver.returncode == -signal.SIGKILL
        assert not (work / stage / "manifest.json").exists()
        happened.append(f"started again with {made} shards there")
        subprocess.run(command(work, stage, address, 2), check=True, stdout=subprocess.DEVNULL)
    else:
        assert driver.returncode == 0
    return {"killed": "; ".join(happened)}


def workers() -> list[int]:
    """The processes of the actors, each host's."""
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


@contextmanager
def cluster(work: Path) -> Iterator[str]:
    """Two namespaces with a wire between them, and a Ray node of one CPU in each."""
    make_hosts()
    head, worker = HOSTS.items()
    processes = []
    ray = str(Path(sys.executable).with_name("ray"))
    subprocess.run([ray, "get-auth-token", "--generate"], check=True, stdout=subprocess.DEVNULL)
    environ = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    environ["RAY_raylet_start_wait_time_s"] = "240"  # a busy machine is slow to start one
    common = ["--num-cpus=1", "--object-store-memory=100000000", "--block", "--disable-usage-stats"]
    try:
        for (name, address), own in (
            (head, ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={work / 'ray'}"]),
            (worker, [f"--address={head[1]}:{PORT}"]),
        ):
            words = [ray, "start", f"--node-ip-address={address}", *own, *common]
            with (work / f"{name}.log").open("w") as log:
                processes.append(
                    subprocess.Popen(["ip", "netns", "exec", name, *words], stdout=log, stderr=log, env=environ)
                )
            wait_for(work / f"{name}.log", "Ray runtime started")
        yield f"{head[1]}:{PORT}"
    finally:
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        for name in HOSTS:
            subprocess.run(["ip", "netns", "del", name], check=False)


def wait_for(log: Path, words: str, seconds: int = 240) -> None:
    end = time.monotonic() + seconds
    while words not in log.read_text():
        if time.monotonic() > end:
            raise SystemExit(log.read_text())
        time.sleep(0.5)


def make_hosts() -> None:
    for name in HOSTS:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "add", name], check=True)
    a, b = HOSTS
    steps = ["ip link add ska type veth peer name skb", f"ip link set ska netns {a}", f"ip link set skb netns {b}"]
    for name, wire in ((a, "ska"), (b, "skb")):
        inside = f"ip netns exec {name} ip"
        steps += [f"{inside} addr add {HOSTS[name]}/24 dev {wire}", f"{inside} link set {wire} up"]
        steps += [f"{inside} link set lo up"]
    for step in steps:
        subprocess.run(step.split(), check=True)


def note(work: Path, stage: str, found: dict[str, object]) -> None:
    file = work / "times.json"
    times = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**times, stage: found}, indent=1))
    print(stage, found, flush=True)


def report(works: Sequence[Path]) -> None:
    from common import write_result

    runs = [(work, json.loads((work / "times.json").read_text())) for work in works]
    lines = [
        "Passages of one sentence, one thread a worker. Two hosts are two network namespaces with an address each,",
        "on one machine of two cores; seconds are of the whole call: the plan, the start of the workers, loading the",
        "encoder, the shards and the manifest. What is spent once, the start of the workers above all, weighs less the",
        "more passages there are. Runs that were timed came one after the other.",
        "",
        "| passages | run | seconds | passages/s | against |",
        "|---|---|---|---|---|",
        *(line for _, times in runs for line in speeds(times)),
        "",
        "Compared by SHA-256 with the plain run over the same passages, every file, manifest included:",
        "",
        "| passages | shards | run | killed (SIGKILL) | the same bytes |",
        "|---|---|---|---|---|",
        *(line for work, times in runs for line in comparisons(work, times)),
    ]
    write_result("ray_embedding", "Bulk embedding by Ray", "\n".join(lines), "ray", "pyarrow", "onnxruntime")


def speeds(times: Times) -> Iterator[str]:
    if not {"one", "two"} <= times.keys():
        return
    passages = times["plain"]["passages"]
    plain, one, two = (times[stage]["seconds"] for stage in ("plain", "one", "two"))
    for name, seconds, against in (
        ("plain, in process", plain, ""),
        ("Ray, one worker", one, f"{one / plain:.3f} times the time of plain"),
        ("Ray, two workers on two hosts", two, f"{one / two:.2f} times as fast as one"),
    ):
        yield f"| {passages:,} | {name} | {seconds:.1f} | {passages / seconds:.0f} | {against} |"


def comparisons(work: Path, times: Times) -> Iterator[str]:
    expected = contents(work / "plain")
    passages = times["plain"]["passages"]
    shards = sum(name.startswith("shard-") for name in expected)
    for stage in NAMES:
        if stage in times:
            same = "yes" if contents(work / stage) == expected else "NO"
            yield f"| {passages:,} | {shards} | {NAMES[stage]} | {times[stage].get('killed', '')} | {same} |"


NAMES = {
    "one": "one worker",
    "two": "two workers",
    "kill": "two workers",
    "driver": "two workers",
    "both": "two workers",
}


def contents(out: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())}


if __name__ == "__main__":
    main()
