from __future__ import annotations

import sqlite3
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from searchkit.errors import IndexDamagedError
from searchkit.store import StoreReader, StoreWriter
from searchkit.store.connection import read_only_address, translated


def test_damage_is_known_by_its_kind_whatever_sqlite_says_of_it() -> None:
    words = 'fts5: corruption on page 1, segment 1, table "chunk_words"'
    with pytest.raises(IndexDamagedError, match="page 1, segment 1"), translated(Path("searchkit.db")):
        raise sqlite3.DatabaseError(words)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (PurePosixPath("/srv/my index/a?b#c%.db"), "file:///srv/my%20index/a%3Fb%23c%25.db?mode=ro"),
        (PureWindowsPath("C:/Users/ä/searchkit.db"), "file:///C:/Users/%C3%A4/searchkit.db?mode=ro"),
        (PureWindowsPath("//server/share/searchkit.db"), "file:////server/share/searchkit.db?mode=ro"),
    ],
)
def test_the_address_of_a_database_names_no_server(path: PurePath, address: str) -> None:
    """SQLite refuses ``file://server/...``; what stands behind three slashes or more is the path."""
    assert read_only_address(path) == address


def test_an_index_is_read_under_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%20 \udcff"
    try:
        folder.mkdir()
    except (OSError, UnicodeEncodeError):
        pytest.skip("the file system takes no such name")
    StoreWriter(folder / "searchkit.db").close()
    reader = StoreReader(folder / "searchkit.db")
    assert reader.counts().documents == 0
    reader.close()


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path / "searchkit.db")
    asked = {name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "fullfsync")}
    assert asked == {"synchronous": 2, "fullfsync": 1}
    store.close()
