from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from damage import alter, flip, settle
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import WriterLock, replacement
from searchkit.directory.folder import IndexFolder
from searchkit.errors import EncoderMismatchError, IndexDamagedError, IndexFormatError, IndexLockedError
from searchkit.search import IndexSettings, RepairReport, repair_index, verify_index

PAGE = 4096
QUERIES = ("apples in the orchard", "boats", "note 3", "the last note of all", "long word1")
Hits = list[list[tuple[str, float, str]]]


@pytest.fixture
def index(folder: Path, engine: SearchEngine, docs: Path) -> Path:
    """Files and added documents with titles and metadata, some deleted, some in the tail."""
    engine.index_paths([docs])
    engine.add(
        [{"id": f"note-{i}", "text": f"note {i} about word{i}", "title": "Notes", "lang": "en"} for i in range(90)]
    )
    engine.add([{"id": "long", "text": "\n\n".join(f"long word{i} " * 25 for i in range(4))}])
    engine.rebuild()
    engine.delete(["note-0", "docs/clocks.txt"])
    engine.add([{"id": "late", "text": "the last note of all"}])
    engine.close()
    settle(folder)
    return folder


def hits_of(folder: Path) -> Hits:
    with SearchEngine.open(folder, encoder=WordEncoder()) as engine:
        return [[(hit.doc_id, hit.score, hit.text) for hit in engine.search(query, k=200)] for query in QUERIES]


def mended(folder: Path, encoder: WordEncoder | None = None) -> RepairReport:
    report = repair_index(folder, encoder=encoder or WordEncoder())
    assert verify_index(folder, deep=True, encoder=WordEncoder()).is_clean
    return report


def page_of(folder: Path, sql: str) -> int:
    with closing(sqlite3.connect(folder / "searchkit.db")) as connection:
        return int(connection.execute(sql).fetchone()[0])


def overwrite_page(folder: Path, page: int) -> None:
    with (folder / "searchkit.db").open("rb+") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def test_an_index_in_which_nothing_is_wrong_is_left_as_it_is(index: Path) -> None:
    before = {file.name: file.read_bytes() for file in index.iterdir() if file.is_file()}
    report = mended(index)
    assert (report.actions, report.lost, report.kept_aside) == ((), (), None)
    after = {file.name: file.read_bytes() for file in index.iterdir() if file.is_file()}
    assert {name: after[name] for name in before if not name.endswith(("-shm", "-wal"))} == {
        name: data for name, data in before.items() if not name.endswith(("-shm", "-wal"))
    }


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ("UPDATE embeddings SET vector = zeroblob(128) WHERE chunk_id = 5", "embedded 1 chunks again"),
        ("UPDATE embeddings SET vector = x'00ff' WHERE chunk_id IN (5, 6)", "embedded 2 chunks again"),
        ("DELETE FROM embeddings WHERE chunk_id > 4", "chunks again"),
        ("UPDATE embeddings SET checksum = 1 WHERE chunk_id = 5", "embedded 1 chunks again"),
        ("INSERT INTO chunk_words (chunk_words) VALUES ('delete-all')", "made the words anew"),
        ("UPDATE chunk_words_data SET block = zeroblob(3) WHERE id > 10", "made the words anew"),
        ("DELETE FROM metadata_fields", "listed the names of metadata again"),
        ("DELETE FROM deleted_chunks", "made the vectors file anew"),
        ("INSERT INTO deleted_chunks VALUES (5)", "made the vectors file anew"),
        ("UPDATE generations SET max_chunk_id = 99", "made the vectors file anew"),
        ("DELETE FROM generations", "made the vectors file anew"),
    ],
)
def test_what_is_derived_is_made_anew_where_it_is(index: Path, statement: str, action: str) -> None:
    before = hits_of(index)
    alter(index, statement)
    report = mended(index)
    assert action in " ".join(report.actions)
    assert (report.lost, report.kept_aside) == ((), None)
    assert hits_of(index) == before


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: flip(file, 999), lambda file: file.write_bytes(b"")])
def test_a_vectors_file_is_made_anew(index: Path, damage: Callable[[Path], object]) -> None:
    before = hits_of(index)
    damage(next(index.glob("*.faiss")))
    assert mended(index).actions == ("made the vectors file anew",)
    assert hits_of(index) == before


@pytest.mark.parametrize(
    ("table", "clause"),
    [
        ("chunks", "chunk_id = 5"),
        ("documents", "doc_id = 'note-7'"),
        ("sources", "path LIKE '%boats.md'"),
        ("settings", "name = 'chunk_tokens'"),
        ("roots", "root_id = 1"),
    ],
)
def test_a_flipped_bit_in_a_row_is_turned_back(index: Path, table: str, clause: str) -> None:
    """Somewhere in the text of the row: where it stands in the file is found by its content."""
    before = hits_of(index)
    columns = {
        "chunks": "text",
        "documents": "title",
        "sources": "content_hash",
        "settings": "value",
        "roots": "location",
    }
    with closing(sqlite3.connect(index / "searchkit.db")) as connection:
        (content,) = connection.execute(f"SELECT {columns[table]} FROM {table} WHERE {clause}").fetchone()
    content = ("chunk_tokens" + content if table == "settings" else content).encode()
    database = index / "searchkit.db"
    places = [found.start() for found in re.finditer(re.escape(content), database.read_bytes())]
    for at in places:  # the others are copies in indexes, and what was there before
        flip(database, 8 * (at + len(content)) - 7)
        told = [problem.found for check in verify_index(index).checks for problem in check.problems]
        if any(found.startswith(f"1 rows of {table} are not as they were written") for found in told):
            break
        flip(database, 8 * (at + len(content)) - 7)
    assert not verify_index(index, encoder=WordEncoder()).is_clean
    report = mended(index)
    assert report.lost == ()
    assert hits_of(index) == before


def test_a_chunk_that_cannot_be_restored_is_told_by_the_name_of_its_document(index: Path) -> None:
    alter(index, "UPDATE chunks SET text = 'something else' WHERE chunk_id = (SELECT max(chunk_id) - 2 FROM chunks)")
    report = mended(index)
    assert [(loss.name, loss.what) for loss in report.lost] == [("long", "1 of its 4 chunks")]
    assert report.kept_aside == index / "searchkit.db.damaged-1"
    assert "something else" not in str(hits_of(index))


def test_a_file_that_is_not_whole_is_read_again_by_the_next_index(index: Path, docs: Path) -> None:
    before = hits_of(index)
    alter(
        index,
        "UPDATE chunks SET text = 'x' "
        "WHERE document_id = (SELECT document_id FROM documents WHERE doc_id LIKE '%apples.md')",
    )
    report = mended(index)
    assert [(loss.name, loss.what) for loss in report.lost] == [("docs/guide/apples.md", "all of it")]
    (docs / "clocks.txt").unlink()
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        again = engine.index_paths([docs])
        assert (again.changed, again.unchanged) == (1, 1)
    assert [{hit[0] for hit in hits} for hits in hits_of(index)] == [{hit[0] for hit in hits} for hits in before]


def test_chunks_whose_document_is_gone_keep_its_name(index: Path) -> None:
    alter(index, "UPDATE documents SET metadata = '{\"lang\": \"something else\"}' WHERE doc_id = 'note-3'")
    report = mended(index)
    assert [(loss.name, loss.what) for loss in report.lost] == [("note-3", "its title and metadata")]
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        assert engine.search("note 3 about word3", k=1)[0].doc_id == "note-3"


@pytest.mark.parametrize("table", ["chunks", "documents", "embeddings", "sources", "settings", "chunks_by_document"])
def test_a_root_page_that_is_gone_takes_little_with_it(index: Path, table: str) -> None:
    """The first page of a table's tree: SQLite finds nothing below it any more."""
    before = hits_of(index)
    page = page_of(index, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")
    overwrite_page(index, page)
    report = repair_index(index, encoder=WordEncoder())
    assert verify_index(index, deep=True, encoder=WordEncoder()).is_clean
    if table in ("chunks", "embeddings", "chunks_by_document", "settings"):
        assert report.lost == ()
        assert hits_of(index) == before
    assert report.kept_aside is not None


def test_the_list_of_tables_may_be_gone(index: Path) -> None:
    before = hits_of(index)
    overwrite_page(index, 1)
    assert verify_index(index, encoder=WordEncoder()).checks[-1].problems
    report = mended(index)
    assert {loss.name for loss in report.lost} <= {""}  # which pages were free is lost too, so there may be more
    assert hits_of(index) == before


@pytest.mark.parametrize(
    "bit", [0, 16 * 8 + 3, 18 * 8, 28 * 8, 56 * 8 + 7, 60 * 8 + 6, 63 * 8, 63 * 8 + 1, 68 * 8, 71 * 8]
)
def test_a_flipped_bit_in_the_header_costs_nothing(index: Path, bit: int) -> None:
    before = hits_of(index)
    flip(index / "searchkit.db", bit)
    report = mended(index)
    assert report.lost == ()
    assert hits_of(index) == before


def test_a_database_cut_short_gives_what_is_left(index: Path) -> None:
    database = index / "searchkit.db"
    database.write_bytes(database.read_bytes()[: -6 * PAGE])
    report = mended(index)
    assert report.kept_aside is not None
    assert {hit[0] for hits in hits_of(index) for hit in hits}  # and what is not is named:
    with SearchEngine.open(index, encoder=WordEncoder()) as engine:
        there = {row.doc_id for row in engine.iter_chunks()}
    everything = {f"note-{i}" for i in range(1, 90)} | {"long", "late", "docs/guide/apples.md", "docs/guide/boats.md"}
    assert everything <= there | {loss.name for loss in report.lost}


def test_commits_behind_a_damaged_place_of_the_log_come_back(
    folder: Path, engine: SearchEngine, tmp_path: Path
) -> None:
    engine.add(["apples grow"])
    with engine._looking(), SearchEngine.open(folder, encoder=WordEncoder()) as writer:  # a reader keeps the log
        for number in range(5):
            writer.add([{"id": f"late-{number}", "text": f"boats number{number}"}])
        before = hits_of(folder)
        copy = tmp_path / "crashed"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    log = copy / "searchkit.db-wal"
    flip(log, 8 * (log.stat().st_size // 2) + 3)
    with pytest.raises(IndexDamagedError):
        hits_of(copy)
    report = mended(copy)
    assert (report.lost, report.lost_commits) == ((), 0)
    assert hits_of(copy) == before


def test_commits_that_are_nowhere_are_given_up_and_counted(folder: Path, engine: SearchEngine, tmp_path: Path) -> None:
    engine.add(["apples grow"])
    engine.close()
    settle(folder)
    with SearchEngine.open(folder, encoder=WordEncoder()) as reader, reader._looking():
        with SearchEngine.open(folder, encoder=WordEncoder()) as writer:
            writer.add(["boats sail"])
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    report = mended(copy)
    assert report.lost_commits > 0
    assert "of which nothing is left" in report.actions[0]
    assert report.kept_aside is None
    assert hits_of(copy)[0]


def test_lost_settings_are_those_of_the_encoder_that_made_the_vectors(index: Path) -> None:
    before = hits_of(index)
    alter(index, "DELETE FROM settings WHERE name IN ('fingerprint', 'dimension', 'canaries')")
    with pytest.raises(IndexDamagedError, match="not those of words-other"):
        repair_index(index, encoder=WordEncoder("-other"))
    report = mended(index)
    assert "restored the settings fingerprint, dimension, canaries" in " ".join(report.actions)
    assert hits_of(index) == before


def test_settings_that_are_left_stay_as_they_were(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda name, *, device: WordEncoder(name or ""))  # noqa: ARG005
    with SearchEngine.open_or_create(folder, encoder="ours", settings=IndexSettings(32, overlap_tokens=8)) as engine:
        engine.add(["apples", "boats"])
        with engine._looking() as reader:
            before = reader.settings()
    settle(folder)
    alter(folder, "DELETE FROM settings WHERE name = 'canaries'")
    assert "restored the settings canaries" in repair_index(folder).actions
    with SearchEngine.open(folder) as engine:
        assert engine.search("apples")
        with engine._looking() as reader:
            assert reader.settings() == before


def test_vectors_are_not_made_by_another_encoder(index: Path) -> None:
    alter(index, "DELETE FROM embeddings WHERE chunk_id = 5")
    with pytest.raises(EncoderMismatchError):
        repair_index(index, encoder=WordEncoder("other"))
    mended(index)


def test_a_newer_format_is_left_alone(index: Path) -> None:
    with closing(sqlite3.connect(index / "searchkit.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('searchkit', 'later', '')"
        )
    with pytest.raises(IndexFormatError, match="format 99"):
        repair_index(index, encoder=WordEncoder())


def test_repair_is_a_writer(index: Path) -> None:
    with WriterLock(IndexFolder(index)), pytest.raises(IndexLockedError):
        repair_index(index, encoder=WordEncoder())


@pytest.mark.parametrize("step", range(6))
def test_a_repair_that_is_cut_off_is_finished_by_the_next_writer(
    index: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before each change of a name in the exchange of the databases."""
    before = hits_of(index)
    (index / "searchkit.db-wal").touch()
    flip(index / "searchkit.db", 8 * PAGE * 3 + 5)  # of some table's first page: what kind of page it is
    left = [step]

    def cut_off(method: Callable[..., object]) -> Callable[..., object]:
        def step_or_die(*arguments: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return method(*arguments)

        return step_or_die

    with monkeypatch.context() as patch:
        for name in ("replace", "hardlink_to"):
            patch.setattr(replacement.Path, name, cut_off(getattr(Path, name)))
        with suppress(KeyboardInterrupt):
            repair_index(index, encoder=WordEncoder())
    assert (index / "searchkit.db").is_file()
    mended(index)
    assert hits_of(index) == before


def test_the_damaged_database_is_kept(index: Path) -> None:
    for number in (1, 2):
        flip(index / "searchkit.db", 3)
        damaged = (index / "searchkit.db").read_bytes()
        report = mended(index)
        assert report.kept_aside == index / f"searchkit.db.damaged-{number}"
        assert report.kept_aside.read_bytes() == damaged


def test_documents_whose_names_are_lost_too_are_counted(index: Path) -> None:
    database = index / "searchkit.db"
    database.write_bytes(database.read_bytes()[: 12 * PAGE])  # the root pages, and little else
    with SearchEngine.open(index, encoder=WordEncoder()) as engine, pytest.raises(IndexDamagedError):
        engine.search("apples")
    report = mended(index)
    (unnamed,) = [loss.what for loss in report.lost if not loss.name]
    assert unnamed.endswith("more documents, whose names are lost too")
