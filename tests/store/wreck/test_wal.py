from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from searchkit.store.wreck import wal
from searchkit.store.wreck.wal import has_damage, hidden_commits, log_frames

PAGE = 4096
FRAME = 24 + PAGE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log of a database after five commits of a row each."""
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        for number in range(4):
            connection.execute("INSERT INTO t VALUES (?)", [number])
        yield tmp_path / "x.db-wal"


def rows_that_sqlite_sees(log: Path, place: Path) -> int:
    for name in ("x.db", "x.db-wal"):
        place.mkdir(exist_ok=True)
        (place / name).write_bytes((log.parent / name).read_bytes())
    with closing(sqlite3.connect(place / "x.db")) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])
        except sqlite3.OperationalError:
            return -1  # not even the table


def flip(log: Path, at: int) -> None:
    data = bytearray(log.read_bytes())
    data[at] ^= 4
    log.write_bytes(bytes(data))


def test_frames_of_a_sound_log_are_sound(log: Path) -> None:
    frames = list(log_frames(log))
    assert len(frames) == (log.stat().st_size - 32) // FRAME
    assert all(frame.is_sound for frame in frames)
    assert sum(frame.commits for frame in frames) == 5
    assert hidden_commits(log) == 0


def test_commits_behind_a_flipped_bit_are_counted(log: Path, tmp_path: Path) -> None:
    count = len(list(log_frames(log)))
    assert count == 6  # the table takes two pages, each row one
    flip(log, 32 + 3 * FRAME + 1000)  # in the second row's frame
    assert rows_that_sqlite_sees(log, tmp_path / "copy") == 1
    assert hidden_commits(log) == 2
    assert [frame.is_sound for frame in log_frames(log)] == [True] * 3 + [False] + [True] * 2


def test_a_frame_that_is_being_written_is_no_damage(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(log_frames(log))
    torn = [replace(frame, is_sound=number != 3) for number, frame in enumerate(whole)]
    looks = iter([torn, whole])
    monkeypatch.setattr(wal, "log_frames", lambda _: next(looks))
    assert hidden_commits(log) == 0


def test_a_log_that_was_cut_off_hides_nothing(log: Path) -> None:
    log.write_bytes(log.read_bytes()[: 32 + 3 * FRAME + 1000])
    assert len(list(log_frames(log))) == 3
    assert hidden_commits(log) == 0


@pytest.mark.parametrize("content", [b"", b"x" * 20, b"x" * 9000, (0x377F0682).to_bytes(4, "big") + bytes(9000)])
def test_a_file_that_is_no_log_has_no_frames(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "y-wal").write_bytes(content)
    assert list(log_frames(tmp_path / "y-wal")) == []
    assert hidden_commits(tmp_path / "gone-wal") == 0


@pytest.mark.parametrize("bit", range(256))
def test_a_flipped_bit_in_the_header_is_turned_back(log: Path, tmp_path: Path, bit: int) -> None:
    whole = list(log_frames(log))
    data = bytearray(log.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    log.write_bytes(bytes(data))
    assert list(log_frames(log))[1:] == whole[1:]  # the first begins with the header's checksum, which has the bit once
    assert rows_that_sqlite_sees(log, tmp_path / "copy") == -1
    assert hidden_commits(log) == 5
    assert has_damage(log)


def test_a_sound_log_has_no_damage(log: Path, tmp_path: Path) -> None:
    assert not has_damage(log)
    assert not has_damage(tmp_path / "none-wal")
