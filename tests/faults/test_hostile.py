"""Indexes, checkpoints and settings made by somebody who means harm: nothing is run, nothing outside is touched.

What each room has to withstand alone is tested there: names of vectors files and their sizes (tests/directory,
tests/index), safetensors and ONNX files (tests/encoder), settings of a project (tests/test_settings.py).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from word_encoder import WordEncoder
from zygote import EXPECTED_ERROR, Zygote

from searchkit import SearchEngine
from searchkit.errors import IndexDamagedError, IndexStateError, SearchkitError
from searchkit.search import backup_index, repair_index, verify_index
from searchkit.store.checksums import register_checksums

NAMES = ("searchkit.db-wal", "last-commit", "writer.json", "writer.lock", "checked.json", "vectors-99.faiss.tmp")
VALUABLE = b"a file of the user that has nothing to do with it\n"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=WordEncoder()) as engine:
        engine.add([{"id": f"doc-{number}", "text": f"apples number{number}"} for number in range(20)])
        engine.rebuild()
    return tmp_path / "index"


@pytest.fixture
def valuable(tmp_path: Path) -> Path:
    file = tmp_path / "home" / "valuable"
    file.parent.mkdir()
    file.write_bytes(VALUABLE)
    return file


def uses(index: Path) -> dict[str, Callable[[], object]]:
    """All that can be done with an index folder."""

    def engine(use: Callable[[SearchEngine], object]) -> Callable[[], object]:
        def run() -> object:
            with SearchEngine.open(index, encoder=WordEncoder()) as opened:
                return use(opened)

        return run

    return {
        "search": engine(lambda opened: opened.search("apples")),
        "add": engine(lambda opened: opened.add([{"id": "new", "text": "boats"}])),
        "rebuild": engine(lambda opened: opened.rebuild()),
        "compact": engine(lambda opened: opened.compact()),
        "verify": lambda: verify_index(index, deep=True, encoder=WordEncoder()),
        "repair": lambda: repair_index(index, encoder=WordEncoder()),
        "backup": lambda: backup_index(index.parent / "copy", index, overwrite=True),
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("use", ["search", "add", "rebuild", "compact", "verify", "repair", "backup"])
def test_a_link_in_an_index_folder_is_never_followed(index: Path, valuable: Path, name: str, use: str) -> None:
    (index / name).unlink(missing_ok=True)
    (index / name).symlink_to(valuable)
    with pytest.raises(IndexStateError, match="is a link"):
        uses(index)[use]()
    assert valuable.read_bytes() == VALUABLE
    assert list(valuable.parent.iterdir()) == [valuable]


def test_a_link_that_leads_to_nothing_makes_no_file_there(index: Path, tmp_path: Path) -> None:
    (index / "vectors-2.faiss.tmp").symlink_to(tmp_path / "made")
    with pytest.raises(IndexStateError, match="is a link"):
        uses(index)["rebuild"]()
    assert not (tmp_path / "made").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_in_an_index_folder_is_not_waited_for(index: Path, name: str) -> None:
    (index / name).unlink(missing_ok=True)
    os.mkfifo(index / name)
    for use in uses(index).values():
        with pytest.raises(IndexStateError, match="no file at all"):
            use()


def test_a_database_that_is_a_link_to_another_index_is_refused(index: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "searchkit.db").symlink_to(index / "searchkit.db")
    before = (index / "searchkit.db").read_bytes()
    for use in uses(other).values():
        with pytest.raises(IndexStateError, match="is a link"):
            use()
    assert (index / "searchkit.db").read_bytes() == before


def test_the_folder_itself_may_be_a_link(index: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(index)
    for use in uses(tmp_path / "short").values():
        use()


def test_a_database_of_another_program_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    file = tmp_path / "index" / "searchkit.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE notes (a)")
    before = file.read_bytes()
    for use in uses(tmp_path / "index").values():
        with suppress(IndexDamagedError):
            use()
    assert file.read_bytes() == before


STATEMENTS = {
    "a file is written": "SELECT writefile('{place}', 'x')",
    "a database is attached": "ATTACH '{place}' AS other",
    "a library is loaded": "SELECT load_extension('{place}')",
    "the database is written elsewhere": "VACUUM INTO '{place}'",
}


@pytest.mark.parametrize("what", STATEMENTS)
def test_triggers_and_views_of_a_hostile_database_reach_no_file(index: Path, tmp_path: Path, what: str) -> None:
    """What SQLite takes into a trigger or a view at all runs with what SQL can do alone."""
    place = tmp_path / "made"
    statement = STATEMENTS[what].format(place=place)
    with closing(sqlite3.connect(index / "searchkit.db")) as connection:
        for made in (
            f"CREATE TRIGGER spy AFTER INSERT ON documents BEGIN {statement}; END",
            f"CREATE VIEW spied AS {statement}",
        ):
            with suppress(sqlite3.OperationalError):  # of most it says that there are no such triggers
                connection.execute(made)
        connection.commit()
    for use in uses(index).values():
        with suppress(SearchkitError):
            use()
    assert not place.exists()


def test_a_table_that_is_a_view_is_told(index: Path) -> None:
    with closing(sqlite3.connect(index / "searchkit.db")) as connection:
        connection.execute("ALTER TABLE topics RENAME TO kept")
        connection.execute("CREATE VIEW topics AS SELECT * FROM kept")
    report = verify_index(index)
    assert any("topics" in problem.found for check in report.checks for problem in check.problems)


def test_a_vectors_file_of_absurd_sizes_costs_no_memory(zygote: Zygote, index: Path) -> None:
    """The database vouches for the file, as that of a stranger may: every size is compared with the file's length."""
    usual = zygote.run("look", index=str(index))
    (file,) = index.glob("vectors-*.faiss")
    whole = file.read_bytes()
    for at in range(0, 120, 4):
        altered = bytearray(whole)
        altered[at : at + 4] = b"\xff\xff\xff\x7f"
        vouched(index, file, bytes(altered))
        ended = zygote.run("look", index=str(index))
        assert ended.status in (0, EXPECTED_ERROR), at
        assert ended.peak_kib < usual.peak_kib + 50_000, at
        assert ended.acknowledged[1] == usual.acknowledged[1], at  # answered from what the database holds


def vouched(index: Path, file: Path, content: bytes) -> None:
    """The file with another content, and the database saying that this is right, checksum and all."""
    file.write_bytes(content)
    (index / "checked.json").unlink(missing_ok=True)
    change(index, "UPDATE generations SET sha256 = ?, size = ?", sha256(content).hexdigest(), len(content))


def change(index: Path, statement: str, *values: object) -> None:
    """A change of one who knows how checksums are made."""
    with closing(sqlite3.connect(index / "searchkit.db")) as connection, connection:
        register_checksums(connection)
        connection.execute(statement, values)


@pytest.mark.parametrize("wrong", ["[" * 100_000, '"' + "x" * 1_000_000, "{}", "[[1]]", '{"file": ' + "9" * 5000 + "}"])
def test_notes_beside_the_database_are_not_believed(index: Path, wrong: str) -> None:
    before = uses(index)["search"]()
    for name in ("checked.json", "last-commit", "writer.json"):
        (index / name).write_text(wrong)
    assert uses(index)["search"]() == before
    uses(index)["add"]()


@pytest.mark.parametrize("named", ["evil/model", "./../home", "./../../home", "/dev", "", "file:///dev/zero"])
def test_the_encoder_that_an_index_names_is_not_fetched_nor_looked_for_outside(
    index: Path, tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may name a checkpoint that is here: weights and graphs alone are read, and its fingerprint has to agree."""

    def connect(*_: object) -> None:
        (tmp_path / "made").touch()
        raise OSError("no network")

    monkeypatch.setattr("socket.socket.connect", connect)
    change(index, "UPDATE settings SET value = ? WHERE name = 'encoder'", json.dumps(named))
    with pytest.raises(SearchkitError), SearchEngine.open(index) as engine:
        engine.search("apples")
    assert not (tmp_path / "made").exists()
