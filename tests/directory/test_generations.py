from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from searchkit.directory import IndexFolder, check_generation, generations, remove_stale, write_generation
from searchkit.directory import trusted_generation as trusted
from searchkit.errors import IndexDamagedError, IndexStateError

CONTENT = b"vectors" * 1000


@dataclass(frozen=True)
class Record:
    file: str = "vectors-3.faiss"
    sha256: str = hashlib.sha256(CONTENT).hexdigest()
    size: int = len(CONTENT)


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    return IndexFolder(tmp_path)


def write(path: Path) -> None:
    path.write_bytes(CONTENT)


def names(folder: IndexFolder) -> list[str]:
    return sorted(item.name for item in folder.path.iterdir())


def test_written_generation_passes_its_own_check(folder: IndexFolder) -> None:
    written = write_generation(folder, 3, write)
    assert (written.name, written.sha256, written.size) == (Record.file, Record.sha256, Record.size)
    assert check_generation(folder, Record()) == folder.path / "vectors-3.faiss"
    assert names(folder) == ["checked.json", "vectors-3.faiss"]


def test_name_appears_only_when_the_content_is_whole(folder: IndexFolder) -> None:
    seen = []

    def spy(path: Path) -> None:
        path.write_bytes(CONTENT[:5])
        seen.extend(names(folder))
        path.write_bytes(CONTENT)

    write_generation(folder, 3, spy)
    assert seen == ["vectors-3.faiss.tmp"]


def test_failed_writer_leaves_nothing_behind(folder: IndexFolder) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_generation(folder, 3, fail)
    assert names(folder) == []


def test_full_disk_is_told_with_the_name_of_the_file(folder: IndexFolder) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(IndexStateError, match=r"vectors-3\.faiss could not be written: No space left"):
        write_generation(folder, 3, full)


def test_crash_before_the_rename_keeps_the_old_generation(folder: IndexFolder, monkeypatch) -> None:
    write_generation(folder, 3, write)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write_generation(folder, 4, write)
    assert names(folder) == ["checked.json", "vectors-3.faiss"]
    check_generation(folder, Record())


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read whole from now on."""
    seen: list[str] = []
    real = generations._sha256

    def spy(path: Path) -> str:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(generations, "_sha256", spy)
    return seen


def test_file_that_was_just_written_need_not_be_read_again(folder: IndexFolder, hashed: list[str]) -> None:
    write_generation(folder, 3, write)
    hashed.clear()
    assert trusted(folder, Record()) == folder.path / "vectors-3.faiss"
    assert hashed == []
    check_generation(folder, Record())
    assert hashed == ["vectors-3.faiss"]


def test_write_in_the_same_tick_of_the_clock_is_noticed(folder: IndexFolder) -> None:
    """Of the same length and followed by no pause: only the time tells."""
    write_generation(folder, 3, write)
    with (folder.path / "vectors-3.faiss").open("rb+") as file:
        file.write(b"V")
    with pytest.raises(IndexDamagedError, match="was altered"):
        trusted(folder, Record())


@pytest.mark.skipif(os.name == "nt", reason="the time of the last change of an entry is not kept")
def test_file_in_its_place_with_the_same_times_is_noticed(folder: IndexFolder) -> None:
    write_generation(folder, 3, write)
    path = folder.path / "vectors-3.faiss"
    found = path.stat()
    path.unlink()
    path.write_bytes(b"V" + CONTENT[1:])
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(IndexDamagedError, match="was altered"):
        trusted(folder, Record())


def test_copied_file_is_read_once_and_then_known(folder: IndexFolder, hashed: list[str]) -> None:
    path = folder.path / "vectors-3.faiss"
    path.write_bytes(CONTENT)
    long_ago = path.stat().st_mtime_ns - 10**10
    os.utime(path, ns=(long_ago, long_ago))
    trusted(folder, Record())
    trusted(folder, Record())
    assert hashed == ["vectors-3.faiss"]


def test_file_too_young_to_be_told_apart_is_read_each_time(folder: IndexFolder, hashed: list[str]) -> None:
    path = folder.path / "vectors-3.faiss"
    path.write_bytes(CONTENT)
    ahead = path.stat().st_mtime_ns + 10**12
    os.utime(path, ns=(ahead, ahead))
    trusted(folder, Record())
    trusted(folder, Record())
    assert len(hashed) == 2
    assert not folder.checked.exists()


@pytest.mark.parametrize("note", [b"", b"[]", b"\xff", b'{"file": "vectors-3.faiss"}', b"null"])
def test_note_that_says_nothing_costs_reading_the_file(folder: IndexFolder, hashed: list[str], note: bytes) -> None:
    write_generation(folder, 3, write)
    folder.checked.write_bytes(note)
    hashed.clear()
    trusted(folder, Record())
    trusted(folder, Record())
    assert hashed == ["vectors-3.faiss"]


def test_note_of_another_content_is_not_believed(folder: IndexFolder) -> None:
    write_generation(folder, 3, write)
    with pytest.raises(IndexDamagedError, match="was altered"):
        trusted(folder, Record(sha256="0" * 64))


def test_folder_that_takes_no_note_is_served_all_the_same(folder: IndexFolder, hashed: list[str]) -> None:
    write_generation(folder, 3, write)
    folder.checked.unlink()
    folder.checked.mkdir()
    hashed.clear()
    trusted(folder, Record())
    trusted(folder, Record())
    assert len(hashed) == 2
    assert names(folder) == ["checked.json", "vectors-3.faiss"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CONTENT[:-1], "6999 bytes; expected 7000"),
        (CONTENT + b"x", "7001 bytes; expected 7000"),
        (b"", "0 bytes"),
        (b"V" + CONTENT[1:], "was altered"),
    ],
)
def test_torn_or_altered_file_is_refused(folder: IndexFolder, content: bytes, told: str) -> None:
    write_generation(folder, 3, write)
    (folder.path / "vectors-3.faiss").write_bytes(content)
    for check in (check_generation, trusted):
        with pytest.raises(IndexDamagedError, match=rf"vectors-3\.faiss.*{told}"):
            check(folder, Record())


def test_missing_file_is_told_from_an_empty_one(folder: IndexFolder) -> None:
    for check in (check_generation, trusted):
        with pytest.raises(IndexDamagedError, match="is missing"):
            check(folder, Record())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_pipe_in_place_of_the_file_does_not_hang(folder: IndexFolder) -> None:
    os.mkfifo(folder.path / "vectors-3.faiss")
    with pytest.raises(IndexDamagedError, match="is missing"):
        check_generation(folder, Record())


def test_hostile_name_in_the_record_is_refused(folder: IndexFolder) -> None:
    (folder.path.parent / "x").write_bytes(CONTENT)
    with pytest.raises(IndexDamagedError, match=r"'\.\./x'"):
        check_generation(folder, Record(file="../x"))


def test_stale_files_go_and_others_stay(folder: IndexFolder) -> None:
    for name in ("vectors-1.faiss", "vectors-2.faiss", "vectors-3.faiss.tmp", "notes.faiss", "searchkit.db"):
        (folder.path / name).touch()
    assert remove_stale(folder, keep={"vectors-2.faiss"}) == ("vectors-1.faiss", "vectors-3.faiss.tmp")
    assert names(folder) == ["notes.faiss", "searchkit.db", "vectors-2.faiss"]
