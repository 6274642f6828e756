from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.directory import resolve_index
from searchkit.errors import IndexNotFoundError, InputError


def make_index(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "searchkit.db").touch()
    return folder


def resolve(wanted: str | Path | None, cwd: Path, *, must_exist: bool = True, environ=None) -> Path:
    return resolve_index(wanted, must_exist=must_exist, cwd=cwd, environ=environ or {})


def test_an_address_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"milvus://host:1/c is the address of an index elsewhere") as caught:
        resolve("milvus://host:1/c", tmp_path, must_exist=False)
    assert "that it was made from" in caught.value.hint


def test_name_is_found_here_and_in_the_nearest_parent(tmp_path: Path) -> None:
    outer = make_index(tmp_path / "index_data" / "notes")
    below = tmp_path / "project" / "src"
    below.mkdir(parents=True)
    assert resolve("notes", below) == outer
    nearer = make_index(tmp_path / "project" / "index_data" / "notes")
    assert resolve("notes", below) == nearer


def test_new_index_is_made_in_the_current_folder(tmp_path: Path) -> None:
    make_index(tmp_path / "index_data" / "default")
    below = tmp_path / "below"
    below.mkdir()
    assert resolve(None, below, must_exist=False) == below / "index_data" / "default"
    assert list(below.iterdir()) == []


def test_default_then_environment_then_argument(tmp_path: Path) -> None:
    default = make_index(tmp_path / "index_data" / "default")
    named = make_index(tmp_path / "index_data" / "notes")
    assert resolve(None, tmp_path) == default
    assert resolve(None, tmp_path, environ={"SEARCHKIT_INDEX": ""}) == default
    assert resolve(None, tmp_path, environ={"SEARCHKIT_INDEX": "notes"}) == named
    assert resolve("default", tmp_path, environ={"SEARCHKIT_INDEX": "notes"}) == default


@pytest.mark.parametrize("written", ["saved/notes", "./saved/notes", "saved/../saved/notes/"])
def test_separator_makes_it_a_path(tmp_path: Path, written: str) -> None:
    saved = make_index(tmp_path / "saved" / "notes")
    assert resolve(written, tmp_path) == saved


def test_dot_is_the_current_folder(tmp_path: Path) -> None:
    here = make_index(tmp_path / "a")
    assert resolve(".", here) == here


def test_path_object_is_a_path(tmp_path: Path) -> None:
    assert resolve(Path("notes"), tmp_path, must_exist=False) == tmp_path / "notes"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert resolve("~/notes", tmp_path / "x", must_exist=False) == tmp_path / "notes"


def test_bare_word_is_a_folder_here_only_when_that_holds_an_index(tmp_path: Path) -> None:
    """`searchkit index docs --index docs` must not take the documents' own folder for the index."""
    (tmp_path / "docs").mkdir()
    assert resolve("docs", tmp_path, must_exist=False) == tmp_path / "index_data" / "docs"
    moved = make_index(tmp_path / "moved")
    assert resolve("moved", tmp_path) == moved
    assert resolve("moved", tmp_path, must_exist=False) == moved
    named = make_index(tmp_path / "index_data" / "moved")
    assert resolve("moved", tmp_path) == named


def test_missing_index_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    make_index(tmp_path / "index_data" / "notes")
    with pytest.raises(IndexNotFoundError, match=r"index_data/zebra in .*there are .*notes") as caught:
        resolve("zebra", tmp_path)
    assert caught.value.hint == "run `searchkit index FOLDER --index zebra` to make one"
    with pytest.raises(IndexNotFoundError) as caught:
        resolve("nots", tmp_path)
    assert caught.value.hint == "did you mean 'notes'?"
    with pytest.raises(IndexNotFoundError) as caught:
        resolve(None, tmp_path)
    assert "searchkit index FOLDER`" in caught.value.hint


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match="gone"):
        resolve("./gone", tmp_path)


@pytest.mark.parametrize("name", ["", "a b", "-x", ".hidden", "é", "a\n", "x" * 101, "a\0"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not an index name"):
        resolve(name, tmp_path)


def test_home_of_nobody_and_a_path_with_a_nul_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no home folder"):
        resolve("~nobody-of-that-name/notes", tmp_path)
    for written in ("./a\0b", Path("a\0b")):
        with pytest.raises(InputError, match="holds a NUL"):
            resolve(written, tmp_path, must_exist=False)
