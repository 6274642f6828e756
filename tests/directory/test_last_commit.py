from __future__ import annotations

import os
from pathlib import Path

import pytest

from searchkit.directory import IndexFolder, LastCommit, forget_commit, note_commit, read_commit

COMMIT = LastCommit("0123456789abcdef", 2**47 + 5)


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    return IndexFolder(tmp_path)


def test_the_last_of_several_commits_is_told(folder: IndexFolder) -> None:
    assert read_commit(folder) is None
    note_commit(folder, LastCommit(COMMIT.identity, 2**48))
    note_commit(folder, COMMIT)
    assert read_commit(folder) == COMMIT
    assert folder.last_commit.read_bytes().count(b"\n") == 1


def test_a_commit_that_was_forgotten_says_nothing(folder: IndexFolder) -> None:
    note_commit(folder, COMMIT)
    for _ in range(2):  # the second time there is nothing to forget
        forget_commit(folder)
        assert read_commit(folder) is None
    assert list(folder.path.iterdir()) == []


def test_a_line_that_is_not_whole_says_nothing(folder: IndexFolder) -> None:
    note_commit(folder, COMMIT)
    whole = folder.last_commit.read_bytes()
    for length in range(len(whole) - 1):
        folder.last_commit.write_bytes(whole[:length])
        assert read_commit(folder) is None
    for bit in range(8 * (len(whole) - 1)):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        folder.last_commit.write_bytes(bytes(altered))
        assert read_commit(folder) in (None, COMMIT)  # an upper-case digit of the checksum is the same digit


@pytest.mark.skipif(os.name == "nt", reason="no umask")
def test_the_file_has_the_permissions_that_the_umask_gives(folder: IndexFolder) -> None:
    before = os.umask(0o027)
    try:
        note_commit(folder, COMMIT)
    finally:
        os.umask(before)
    assert folder.last_commit.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_written_is_borne(tmp_path: Path) -> None:
    note_commit(IndexFolder(tmp_path / "gone"), COMMIT)
    (tmp_path / "last-commit").mkdir()
    note_commit(IndexFolder(tmp_path), COMMIT)
    assert read_commit(IndexFolder(tmp_path)) is None
