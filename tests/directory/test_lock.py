from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from searchkit.directory import IndexFolder, WriterLock, read_holder
from searchkit.errors import IndexLockedError, IndexStateError

HOLD = """
import sys
from pathlib import Path
from searchkit.directory import IndexFolder, WriterLock
with WriterLock(IndexFolder(Path(sys.argv[1])), command="searchkit index docs"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    return IndexFolder(tmp_path)


@pytest.fixture
def other_writer(folder: IndexFolder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_writer_is_told_who_holds_the_lock(folder: IndexFolder, other_writer) -> None:
    with pytest.raises(IndexLockedError, match=rf"process {other_writer.pid} on .*searchkit index docs"):
        WriterLock(folder).__enter__()


def test_lock_of_a_killed_writer_is_free(folder: IndexFolder, other_writer) -> None:
    other_writer.kill()
    other_writer.wait()
    assert read_holder(folder) is not None
    with WriterLock(folder):
        assert read_holder(folder).pid == os.getpid()


def test_waiting_writer_gets_the_lock_when_it_is_freed(folder: IndexFolder, other_writer) -> None:
    release = Thread(target=other_writer.stdin.close)
    release.start()
    with WriterLock(folder, wait_s=30):
        assert read_holder(folder).pid == os.getpid()
    release.join()


def test_waiting_has_an_end(folder: IndexFolder) -> None:
    with WriterLock(folder), pytest.raises(IndexLockedError, match=r"waited 0\.1 s"):
        WriterLock(folder, wait_s=0.1).__enter__()


def test_second_engine_of_the_same_process_is_a_second_writer(folder: IndexFolder) -> None:
    with WriterLock(folder), pytest.raises(IndexLockedError, match=f"process {os.getpid()} "):
        WriterLock(folder).__enter__()


def test_lock_is_free_after_an_error_inside_and_tells_no_holder(folder: IndexFolder) -> None:
    with pytest.raises(ZeroDivisionError), WriterLock(folder):
        raise ZeroDivisionError
    assert read_holder(folder) is None
    with WriterLock(folder):
        pass


def test_lock_may_be_released_in_another_thread(folder: IndexFolder) -> None:
    lock = WriterLock(folder)
    lock.__enter__()
    thread = Thread(target=lock.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    with WriterLock(folder):
        pass


def test_folder_that_cannot_be_written_is_named(folder: IndexFolder) -> None:
    (folder.path / "file").touch()
    with pytest.raises(IndexStateError, match=r"file cannot be read"):
        WriterLock(IndexFolder(folder.path / "file")).__enter__()


@pytest.mark.parametrize("said", ["", "{", "[]", "{}", "[" * 100_000, '{"pid": "x"}', "\ud800"])
def test_unreadable_holder_is_nobody(folder: IndexFolder, said: str) -> None:
    folder.holder.write_bytes(said.encode("utf-8", "surrogatepass"))
    assert read_holder(folder) is None
    with WriterLock(folder):
        folder.holder.write_bytes(said.encode("utf-8", "surrogatepass"))
        with pytest.raises(IndexLockedError, match="another process"):
            WriterLock(folder).__enter__()


def test_holder_cannot_send_control_characters_to_a_terminal(folder: IndexFolder) -> None:
    folder.holder.write_text('{"pid": 1, "host": "h\\u001b[2J", "since": "now", "command": "x"}')
    assert str(read_holder(folder)) == "process 1 on h?[2J since now (x)"


def test_waiting_for_ever_is_waiting_until_it_is_free(folder: IndexFolder, other_writer) -> None:
    release = Thread(target=other_writer.stdin.close)
    release.start()
    with WriterLock(folder, wait_s=float("inf")):
        assert read_holder(folder).pid == os.getpid()
    release.join()


def test_nobody_waits_for_ever_for_himself(folder: IndexFolder) -> None:
    with WriterLock(folder), pytest.raises(IndexLockedError):
        WriterLock(folder, wait_s=float("inf")).__enter__()


def test_a_file_system_without_locks_is_told_and_no_mere_file_takes_their_place(
    folder: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(IndexStateError, match=r"cannot be written to: .*not implemented"):
        WriterLock(folder).__enter__()


def test_the_lock_that_is_held_is_that_of_the_folder_which_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening the lock file and locking it, another folder takes the place of this one."""
    folder, others = IndexFolder(tmp_path / "index"), IndexFolder(tmp_path / "new")
    folder.create()
    others.create()
    with WriterLock(folder), WriterLock(others):
        pass
    original = WriterLock._acquired

    def acquired(lock: WriterLock, wait_s: float) -> object:
        held = original(lock, wait_s)
        if others.path.exists():
            folder.path.replace(tmp_path / "old")
            others.path.replace(folder.path)
        return held

    monkeypatch.setattr(WriterLock, "_acquired", acquired)
    with WriterLock(folder), pytest.raises(IndexLockedError):
        WriterLock(folder).__enter__()
    assert not (tmp_path / "old" / folder.holder.name).exists()


def test_a_lock_file_that_goes_with_its_release_is_made_anew(
    folder: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As filelock does on Windows; a lock that is released to be taken again would be for ever a new one."""
    released: list[str] = []

    def release(lock: FileLock) -> None:
        assert len(released) < 3
        original(lock)
        Path(lock.lock_file).unlink(missing_ok=True)
        released.append(lock.lock_file)

    original = FileLock._release
    monkeypatch.setattr(FileLock, "_release", release)
    for _ in range(2):
        with WriterLock(folder):
            assert read_holder(folder).pid == os.getpid()
    assert released == [str(folder.lock)] * 2
