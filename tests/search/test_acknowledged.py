from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import IndexFolder, read_commit
from searchkit.errors import IndexDamagedError, IndexNotFoundError, IndexStateError, SearchkitWarning
from searchkit.search import acknowledged, repair_index, verify_index

FRAME = 24 + 4096


@pytest.fixture
def crashed(folder: Path, engine: SearchEngine, tmp_path: Path) -> Path:
    """A copy of an index whose log holds commits, as a writer that was killed leaves it."""
    engine.add(["apples grow"])
    with engine._looking(), SearchEngine.open(folder, encoder=WordEncoder()) as writer:  # a reader keeps the log
        writer.add(["boats sail"])
        writer.add(["clocks tick"])
        copy = tmp_path / "crashed"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    return copy


def flip_in_log(folder: Path, *, from_end: int) -> None:
    log = folder / "searchkit.db-wal"
    data = bytearray(log.read_bytes())
    data[-from_end] ^= 1
    log.write_bytes(bytes(data))


def test_after_a_crash_the_log_is_read(crashed: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open(crashed, encoder=encoder) as engine:
        assert engine.status().documents == 3
        engine.add(["dogs bark"])
        assert engine.status().documents == 4


@pytest.mark.parametrize("from_end", [1, 5 * FRAME])
def test_commits_that_a_flipped_bit_takes_away_are_missed(crashed: Path, encoder: WordEncoder, from_end: int) -> None:
    flip_in_log(crashed, from_end=from_end)
    before = (crashed / "searchkit.db-wal").read_bytes()
    with SearchEngine.open(crashed, encoder=encoder) as engine:
        with pytest.raises(IndexDamagedError, match=r"lacks the last .*commit") as caught:
            engine.search("boats")
        with pytest.raises(IndexDamagedError):
            engine.add(["dogs bark"])  # would write over what is left of the log
    assert "searchkit repair" in caught.value.hint
    assert (crashed / "searchkit.db-wal").read_bytes() == before


def test_a_copy_without_its_log_is_noticed(crashed: Path, encoder: WordEncoder) -> None:
    (crashed / "searchkit.db-wal").unlink()
    with SearchEngine.open(crashed, encoder=encoder) as engine, pytest.raises(IndexDamagedError, match="lacks"):
        engine.search("boats")


def test_a_log_that_cannot_be_read_here_is_told(
    crashed: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with (
        SearchEngine.open(crashed, encoder=encoder) as engine,
        pytest.raises(IndexStateError, match="cannot be written"),
    ):
        engine.search("boats")


def test_an_index_made_anew_in_its_place_is_another(folder: Path, encoder: WordEncoder) -> None:
    for text in ("apples", "boats"):
        with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
            engine.add([text])
            assert [hit.text for hit in engine.search("anything")] == [text]
        (folder / "searchkit.db").unlink()
        (folder / "searchkit.db-wal").unlink(missing_ok=True)


@pytest.fixture
def swapped(folder: Path, engine: SearchEngine, tmp_path: Path) -> Path:
    """An index whose database was replaced by that of another one, and what the other one has to say."""
    engine.add(["apples grow"])
    engine.close()
    with SearchEngine.open_or_create(tmp_path / "other", encoder=WordEncoder()) as other:
        other.add(["boats sail"])
        other.add(["clocks tick"])
    shutil.copyfile(tmp_path / "other" / "searchkit.db", folder / "searchkit.db")
    return folder


def test_the_database_of_another_index_is_refused(swapped: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open(swapped, encoder=encoder) as engine:
        for use in (lambda: engine.search("boats"), engine.status, lambda: engine.add(["dogs bark"])):
            with pytest.raises(IndexDamagedError, match="of another index") as caught:
                use()
    assert "put that one back" in caught.value.hint
    report = verify_index(swapped, encoder=encoder)
    assert "of another index" in next(check for check in report.checks if check.name == "log").problems[0].found


def test_a_repair_takes_it_as_it_is(swapped: Path, encoder: WordEncoder) -> None:
    report = repair_index(swapped, encoder=encoder)
    assert report.actions[0].startswith("took the database, which is of another index")
    assert not report.lost
    with SearchEngine.open(swapped, encoder=encoder) as engine:
        assert {hit.text for hit in engine.search("boats")} == {"boats sail", "clocks tick"}
        engine.add(["dogs bark"])
    assert verify_index(swapped, encoder=encoder).is_clean
    assert repair_index(swapped, encoder=encoder).actions == ()


def test_a_database_that_comes_with_its_note_is_an_index(swapped: Path, encoder: WordEncoder, tmp_path: Path) -> None:
    shutil.copyfile(tmp_path / "other" / "last-commit", swapped / "last-commit")
    with SearchEngine.open(swapped, encoder=encoder) as engine:
        assert engine.search("boats", 1)[0].text == "boats sail"


def test_a_note_of_an_index_that_is_gone_does_not_outlive_a_crash(
    engine: SearchEngine, folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.add(["apples"])
    engine.close()
    for file in folder.glob("searchkit.db*"):
        file.unlink()
    monkeypatch.setattr(acknowledged, "noting", lambda _: lambda _identity, _revision: None)  # it ends before the note
    with SearchEngine.open_or_create(folder, encoder=encoder) as again:
        again.add(["boats"])
    with SearchEngine.open(folder, encoder=encoder) as opened:
        assert [hit.text for hit in opened.search("anything")] == ["boats"]


def test_an_index_made_anew_while_it_is_opened_is_not_taken_for_a_strange_one(
    swapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = [read_commit(IndexFolder(swapped)), read_commit(IndexFolder(tmp_path / "other"))]
    monkeypatch.setattr(acknowledged, "read_commit", lambda _: notes.pop(0))
    acknowledged.open_reader(IndexFolder(swapped)).close()
    assert notes == []


def test_a_first_run_that_was_cut_off_bars_nothing(folder: Path, encoder: WordEncoder) -> None:
    folder.mkdir()
    (folder / "searchkit.db").touch()
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        with pytest.raises(IndexNotFoundError, match="is empty"):
            engine.status()
        engine.add(["apples"])
        assert engine.status().documents == 1


def test_a_database_that_lost_all_its_bytes_is_not_taken_for_a_new_one(engine: SearchEngine, folder: Path) -> None:
    engine.add(["apples"])
    engine.close()
    for file in folder.glob("searchkit.db*"):
        file.write_bytes(b"")
    with SearchEngine.open(folder, encoder=WordEncoder()) as again, pytest.raises(IndexDamagedError, match="is empty"):
        again.add(["boats"])


def test_each_commit_is_noted(engine: SearchEngine, folder: Path) -> None:
    engine.add(["apples"])
    first = read_commit(IndexFolder(folder))
    engine.delete(["text-1"])
    second = read_commit(IndexFolder(folder))
    assert first is not None
    assert second is not None
    assert second.identity == first.identity
    assert second.revision > first.revision


def test_a_network_file_system_is_warned_about_once(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledged, "network_file_system", lambda _: "nfs4")
    with pytest.warns(SearchkitWarning, match=r"network file system \(nfs4\)"):
        engine.add(["apples"])
    engine.add(["boats"])  # a second warning would be an error here
    engine.search("apples")


def test_a_first_run_cut_off_by_the_power_bars_nothing(folder: Path, encoder: WordEncoder) -> None:
    """SQLite leaves a journal for undoing, which only a writer can read."""
    folder.mkdir()
    database = folder / "searchkit.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE half (done)")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("INSERT INTO half VALUES (zeroblob(9000000))")  # more than is kept in memory
        left = {file.name: file.read_bytes() for file in folder.iterdir()}
        connection.execute("ROLLBACK")
    for name, content in left.items():
        (folder / name).write_bytes(content)
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        with pytest.raises(IndexStateError, match="was cut off"):
            engine.status()
        engine.add(["apples"])
        assert engine.status().documents == 1
