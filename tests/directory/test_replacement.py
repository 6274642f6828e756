from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.directory import IndexFolder, finish_replacement, place_for_mended, replace_database
from searchkit.errors import IndexStateError


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    """A database "old" with a log, and "new" made to take its place."""
    folder = IndexFolder(tmp_path)
    folder.database.write_text("old")
    (tmp_path / "searchkit.db-wal").write_text("log")
    place_for_mended(folder).write_text("new")
    return folder


def contents(folder: IndexFolder) -> dict[str, str]:
    return {item.name: item.read_text() for item in folder.path.iterdir()}


DONE = {"searchkit.db": "new", "searchkit.db.damaged-1": "old", "searchkit.db.damaged-1-wal": "log"}


def test_the_old_database_is_kept_with_its_log(folder: IndexFolder) -> None:
    assert replace_database(folder) == folder.path / "searchkit.db.damaged-1"
    assert contents(folder) == DONE


def test_each_damaged_database_has_a_name_of_its_own(folder: IndexFolder) -> None:
    replace_database(folder)
    place_for_mended(folder).write_text("newer")
    assert replace_database(folder) == folder.path / "searchkit.db.damaged-2"
    assert contents(folder) == DONE | {"searchkit.db": "newer", "searchkit.db.damaged-2": "new"}


@pytest.mark.parametrize("step", range(5))
def test_an_exchange_that_was_cut_off_is_finished(
    folder: IndexFolder, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    left = [step]

    def until_it_ends(original: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
        def change(path: Path, other: Path) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return original(path, other)

        return change

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", until_it_ends(Path.replace))
        patch.setattr(Path, "hardlink_to", until_it_ends(Path.hardlink_to))
        replace_database(folder)
    assert folder.holds_index()  # at every moment
    begun = finish_replacement(folder)
    assert (begun is None) == (step == 0)
    assert contents(folder) == (DONE if begun else contents(folder) | {"searchkit.db": "old"})


def test_where_files_have_one_name_alone_the_old_database_is_copied(
    folder: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    replace_database(folder)
    assert contents(folder) == DONE


def test_what_an_earlier_try_has_left_is_removed(folder: IndexFolder) -> None:
    (folder.path / "searchkit.db.mended-part-wal").touch()
    assert not place_for_mended(folder).exists()
    assert set(contents(folder)) == {"searchkit.db", "searchkit.db-wal"}
    assert finish_replacement(folder) is None


def test_a_folder_that_cannot_be_written_is_named(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = r"searchkit\.db could not be replaced: No space left"
    with pytest.raises(IndexStateError, match=told):
        replace_database(folder)
    (folder.path / "searchkit.db.mended-part").replace(folder.path / "searchkit.db.mended")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(IndexStateError, match=told):
        finish_replacement(folder)
    monkeypatch.setattr(Path, "unlink", full)
    with pytest.raises(IndexStateError, match=told):
        place_for_mended(folder)
    assert contents(folder)["searchkit.db"] == "old"
