"""Disks that fill up, fail, cut writes short or cannot be written: the last commit answers, and a retry succeeds."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tracing
from word_encoder import WordEncoder
from zygote import EXPECTED_ERROR, Zygote

from searchkit import SearchEngine
from searchkit.search import verify_index

FAULTS = {
    "ENOSPC": "pwrite64,pwrite64,write,ftruncate",
    "EIO": "pwrite64,write,fsync,fdatasync,fdatasync,ftruncate,rename",
    "EDQUOT": "pwrite64,write",
}
FILES = ("searchkit.db", "searchkit.db-wal", "searchkit.db-journal", *(f"vectors-{n}.faiss.tmp" for n in range(1, 40)))


def documents(draw: random.Random, number: int) -> dict[str, str]:
    return {f"doc-{draw.randrange(30)}": f"apples number{number} of{i}" for i in range(8)}


def contents(index: Path) -> dict[str, str]:
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        return {chunk.doc_id: chunk.text for chunk in engine.iter_chunks()}


def check(index: Path, *allowed: dict[str, str]) -> None:
    report = verify_index(index, deep=True, encoder=WordEncoder())
    assert report.is_clean, [problem for check in report.checks for problem in check.problems]
    assert contents(index) in allowed
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        assert len(engine.search("apples", k=99)) == len(contents(index))


class Story:
    """An index that is added to in the face of faults, and what it has to hold."""

    def __init__(self, zygote: Zygote, index: Path, draw: random.Random) -> None:
        self.zygote, self.index, self.draw = zygote, index, draw
        self.held: dict[str, str] = {}
        self.faults = self.number = 0
        assert self.attempt(lambda: None) == 0

    def attempt(self, before: Callable[[], object], work: str = "add", traced: tuple[str, ...] = (), **how: int) -> int:
        """One attempt, and where it fails, a second one without the fault that has to succeed. How the first ended."""
        self.number += 1
        new = documents(self.draw, self.number) if work == "add" else {}
        task = self.zygote.start(work, index=str(self.index), stopped=bool(traced), **_only(work, new), **how)
        ended = tracing.traced(task, traced) if traced else task.wait()
        assert ended.status in (0, EXPECTED_ERROR), f"the error is not one of ours: {work} {traced} {how}"
        before()
        done = dict(self.held)
        for batch in ended.acknowledged if work == "add" else ():
            done |= {name: new[name] for name in batch}
        if ended.status != 0:
            self.faults += 1
            partly = {**done, **dict(list(new.items())[: 4 * (len(ended.acknowledged) + 1)])}
            check(self.index, done, partly)  # a commit may have come through whose acknowledgement did not
            assert self.zygote.run(work, index=str(self.index), **_only(work, new)).status == 0
        self.held |= new
        check(self.index, self.held)
        return ended.status


def _only(work: str, new: dict[str, str]) -> dict[str, dict[str, str]]:
    return {"documents": new} if work == "add" else {}


@pytest.fixture
def story(zygote: Zygote, place: Path, seed: int) -> Story:
    return Story(zygote, place / "index", random.Random(seed))


@pytest.mark.skipif(not tracing.is_possible(), reason="needs strace, and the right to use it")
def test_calls_that_fail_leave_the_last_commit(
    story: Story, is_long: bool, tell_figures: Callable[[str, str], None]
) -> None:
    paths = [f"-P{story.index / name}" for name in FILES] + [f"-P{story.index}"]
    for _ in range(300 if is_long else 4):
        error = story.draw.choice(list(FAULTS))
        call = story.draw.choice(FAULTS[error].split(","))
        first = story.draw.randrange(1, 40 if call == "pwrite64" else 4)
        when = f"{first}+" if story.draw.random() < 0.5 else str(first)  # from then on, or once
        options = (*paths, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
        story.attempt(lambda: None, story.draw.choice(["add", "add", "rebuild", "compact"]), traced=options)
    tell_figures(
        f"{story.faults} commands ended by ENOSPC, EIO or EDQUOT from write, sync, truncate or rename",
        "the last commit answers, verify --deep clean, an error of ours each time, then the same command succeeds",
    )
    assert story.faults > 0


def test_writes_that_are_cut_short_leave_the_last_commit(
    story: Story, is_long: bool, tell_figures: Callable[[str, str], None]
) -> None:
    for _ in range(100 if is_long else 3):
        largest = max(file.stat().st_size for file in story.index.iterdir())
        story.attempt(
            lambda: None, story.draw.choice(["add", "rebuild"]), most_bytes=story.draw.randrange(1000, 2 * largest)
        )
    tell_figures(f"{story.faults} commands had a write cut short, and then refused", "as above")
    assert story.faults > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(disk)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("may not mount a disk here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_fills_up_keeps_the_last_commit(
    zygote: Zygote, small_disk: Path, is_long: bool, seed: int, tell_figures: Callable[[str, str], None]
) -> None:
    story = Story(zygote, small_disk / "index", random.Random(seed))
    ballast = small_disk / "ballast"
    for _ in range(60 if is_long else 2):
        free = shutil.disk_usage(small_disk).free
        ballast.write_bytes(bytes(max(0, free - story.draw.randrange(0, 40_000))))
        story.attempt(lambda: ballast.write_bytes(b""))
        if shutil.disk_usage(small_disk).free < 250_000:
            assert zygote.run("compact", index=str(story.index)).status == 0
    tell_figures(f"a disk of 700 kB was full for {story.faults} commands", "as above")
    assert story.faults > 0


def test_a_disk_that_cannot_be_written_is_read(zygote: Zygote, small_disk: Path, seed: int) -> None:
    story = Story(zygote, small_disk / "index", random.Random(seed))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for work, arguments in (("add", {"documents": {"a": "b"}}), ("rebuild", {}), ("compact", {}), ("repair", {})):
        assert zygote.run(work, index=str(story.index), **arguments).status == EXPECTED_ERROR
    assert contents(story.index) == story.held
    with SearchEngine.open(story.index, encoder=WordEncoder()) as engine:
        assert engine.search("apples number1")
    assert verify_index(story.index, deep=True, encoder=WordEncoder()).is_clean
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert story.attempt(lambda: None) == 0
