from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from searchkit.directory import DB_NAME, IndexFolder
from searchkit.errors import IndexDamagedError, IndexNotFoundError, IndexStateError


@pytest.mark.parametrize(
    "name",
    [
        "../x.faiss",
        "vectors-1.faiss/../../x",
        "/etc/passwd",
        "vectors-.faiss",
        "vectors-1.faiss\n",
        "",
        "vectors-¹.faiss",
    ],
)
def test_vectors_file_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(IndexDamagedError, match=r"vectors-NUMBER\.faiss"):
        IndexFolder(tmp_path).vectors(name)


def test_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path / "a" / "b")
    folder.create()
    folder.create()
    assert folder.path.is_dir()
    assert not folder.holds_index()


@pytest.mark.skipif(os.name == "nt", reason="no umask")
def test_new_folder_respects_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        IndexFolder(tmp_path / "private").create()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700


def test_folder_of_other_things_is_never_written_over(tmp_path: Path) -> None:
    for name in ("thesis.md", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(IndexStateError, match=r"b\.txt, c\.txt, d\.txt, \.\.\."):
        IndexFolder(tmp_path).create()
    assert (tmp_path / "thesis.md").read_text() == "mine"


def test_leftovers_of_a_killed_first_run_do_not_bar_the_next(tmp_path: Path) -> None:
    for name in ("writer.lock", "writer.json", "vectors-1.faiss.tmp", f"{DB_NAME}-wal"):
        (tmp_path / name).touch()
    IndexFolder(tmp_path).create()


def test_what_file_managers_leave_does_not_make_a_folder_anybodys(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").touch()
    IndexFolder(tmp_path).create()
    (tmp_path / "thesis.md").touch()
    with pytest.raises(IndexStateError, match=r"it holds thesis\.md \("):
        IndexFolder(tmp_path).create()


def test_note_beside_an_index_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / DB_NAME).touch()
    (tmp_path / "README.md").touch()
    IndexFolder(tmp_path).create()


def test_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "docs").touch()
    with pytest.raises(IndexStateError, match="docs is a file"):
        IndexFolder(tmp_path / "docs").create()
    with pytest.raises(IndexStateError, match="cannot be made"):
        IndexFolder(tmp_path / "docs" / "below").create()
    with pytest.raises(IndexStateError, match="cannot be made"):
        IndexFolder(tmp_path / ("x" * 300)).create()


def test_missing_index_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match="no such folder") as caught:
        IndexFolder(tmp_path / "gone").require()
    assert "searchkit index FOLDER" in caught.value.hint
    with pytest.raises(IndexNotFoundError, match=r"has no searchkit\.db"):
        IndexFolder(tmp_path).require()
