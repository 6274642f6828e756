from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.directory import DB_NAME, IndexFolder, WriterLock, staged_folder, staging
from searchkit.errors import IndexLockedError, IndexStateError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where an index is that says "old"."""
    place = tmp_path / "copy"
    place.mkdir()
    (place / DB_NAME).write_text("old")
    return place


def stage(place: Path, *, overwrite: bool = True) -> None:
    with staged_folder(place, overwrite=overwrite) as part:
        part.database.write_text("new")


def contents(place: Path) -> str:
    return (place / DB_NAME).read_text()


def names(folder: Path) -> set[str]:
    return {item.name for item in folder.iterdir()}


def test_what_was_made_takes_the_place_of_what_was_there(place: Path) -> None:
    stage(place)
    assert contents(place) == "new"
    assert names(place.parent) == {"copy"}


@pytest.mark.parametrize("names", [(), ("writer.lock", "last-commit", ".DS_Store")])
def test_a_folder_without_an_index_is_free(tmp_path: Path, names: tuple[str, ...]) -> None:
    """As it is left when a first run was killed, or a damaged database was removed."""
    place = tmp_path / "copy"
    place.mkdir()
    for name in names:
        (place / name).touch()
    stage(place, overwrite=False)
    assert contents(place) == "new"


def test_a_writer_who_has_no_database_yet_keeps_the_place(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path / "copy")
    folder.create()
    with WriterLock(folder), pytest.raises(IndexLockedError):
        stage(folder.path)
    assert folder.path.is_dir()


def test_an_index_that_was_made_while_its_writer_was_waited_for_is_not_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(lock: WriterLock) -> WriterLock:
        if lock._folder.path == place:
            (place / DB_NAME).write_text("old")
        return original(lock)

    place = tmp_path / "copy"
    IndexFolder(place).create()
    (place / "writer.lock").touch()
    original = WriterLock.__enter__
    monkeypatch.setattr(WriterLock, "__enter__", enter)
    with pytest.raises(IndexStateError, match="holds an index"):
        stage(place, overwrite=False)
    assert contents(place) == "old"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_another_process_is_making_is_left_to_it(place: Path, overwrite: bool) -> None:
    with staged_folder(place, overwrite=True) as part:
        part.database.write_text("new")
        with pytest.raises(IndexLockedError):
            stage(place, overwrite=overwrite)
        assert part.database.read_text() == "new"
    assert contents(place) == "new"


def test_an_error_inside_leaves_what_was_there_and_nothing_beside_it(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), staged_folder(place, overwrite=True) as part:
        part.database.write_text("new")
        raise ZeroDivisionError
    assert contents(place) == "old"
    assert names(place.parent) == {"copy"}


def test_what_was_there_comes_back_when_the_new_folder_cannot_be_renamed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(path: Path, target: Path) -> Path:
        if path.name == ".copy.part":
            raise PermissionError(13, "Permission denied")
        return original(path, target)

    original: Callable[[Path, Path], Path] = Path.replace
    monkeypatch.setattr(staging.Path, "replace", replace)
    with pytest.raises(IndexStateError, match="copy cannot be written: Permission denied"):
        stage(place)
    assert contents(place) == "old"
    assert names(place.parent) == {"copy"}


def test_a_link_where_the_folder_is_to_be_made_is_not_followed(place: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "thesis.md").write_text("mine")
    (tmp_path / ".copy.part").symlink_to(others)
    with pytest.raises(IndexStateError, match=r"\.copy\.part is a link"):
        stage(place)
    assert names(others) == {"thesis.md"}
    assert contents(place) == "old"


def test_no_file_is_open_in_the_folders_where_such_folders_cannot_be_renamed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(path: Path, target: Path) -> Path:
        with WriterLock(IndexFolder(path)):  # which would say so if it were held
            pass
        return original(path, target)

    original: Callable[[Path, Path], Path] = Path.replace
    monkeypatch.setattr(staging, "_OPEN_FILES_MOVE", False)
    monkeypatch.setattr(staging.Path, "replace", replace)
    stage(place)
    assert contents(place) == "new"


def test_files_that_may_only_be_read_are_synced_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: Path, mode: str = "r", *more: object, **named: object) -> object:
        if path.name == "weights" and "+" in mode:
            raise PermissionError(13, "Permission denied")
        return original(path, mode, *more, **named)

    original: Callable[..., object] = Path.open
    with staged_folder(place, overwrite=True) as part:
        part.database.write_text("new")
        (part.path / "weights").write_text("w")
        monkeypatch.setattr(Path, "open", opened)
    assert (place / "weights").read_text() == "w"
