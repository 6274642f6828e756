from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from searchkit.directory import IndexFolder, check_generation, remove_stale, write_generation
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
    assert names(folder) == ["vectors-3.faiss"]


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
    assert names(folder) == ["vectors-3.faiss"]
    check_generation(folder, Record())


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
    (folder.path / "vectors-3.faiss").write_bytes(content)
    with pytest.raises(IndexDamagedError, match=rf"vectors-3\.faiss.*{told}"):
        check_generation(folder, Record())


def test_missing_file_is_told_from_an_empty_one(folder: IndexFolder) -> None:
    with pytest.raises(IndexDamagedError, match="is missing"):
        check_generation(folder, Record())


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
