from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from damage import alter, flip, settle
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.directory import IndexFolder, write_generation
from searchkit.errors import IndexDamagedError, IndexFormatError, IndexNotFoundError, InputError
from searchkit.index import write
from searchkit.search import verify_index
from searchkit.search.upkeep.health import VerifyReport
from searchkit.store import StoreWriter


@pytest.fixture
def index(folder: Path, engine: SearchEngine, docs: Path) -> Path:
    """Files and added documents, some deleted, some in the tail."""
    engine.index_paths([docs])
    engine.add([{"id": f"note-{i}", "text": f"note {i} about word{i}", "lang": "en"} for i in range(8)])
    engine.rebuild()
    engine.delete(["note-0", "docs/clocks.txt"])
    engine.add([{"id": "late", "text": "the last note of all"}])
    engine.close()
    settle(folder)
    return folder


def problems(folder: Path, *, deep: bool = False, encoder: WordEncoder | None = None) -> dict[str, list[str]]:
    report = verify_index(folder, deep=deep, encoder=encoder or WordEncoder())
    assert report.is_clean == (not any(check.problems for check in report.checks))
    return {check.name: [problem.found for problem in check.problems] for check in report.checks if check.problems}


def names(report: VerifyReport) -> set[str]:
    return {name for check in report.checks for problem in check.problems for name in problem.documents}


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_index_is_clean(index: Path, deep: bool) -> None:
    assert problems(index, deep=deep) == {}


def test_an_empty_and_a_new_index_are_clean(folder: Path, engine: SearchEngine) -> None:
    engine.add([])
    assert problems(folder, deep=True) == {}
    engine.add(["apples"])
    assert problems(folder, deep=True) == {}


def test_looking_changes_nothing(index: Path) -> None:
    before = {file.name: file.read_bytes() for file in index.iterdir() if not file.name.endswith(("-shm", "-wal"))}
    problems(index, deep=True)
    after = {file.name: file.read_bytes() for file in index.iterdir() if not file.name.endswith(("-shm", "-wal"))}
    assert after == before


@pytest.mark.parametrize(
    ("statement", "check", "told"),
    [
        ("UPDATE chunks SET text = 'altered' WHERE chunk_id = 5", "rows", "1 rows of chunks are not as they were"),
        ("UPDATE documents SET title = 'x' WHERE doc_id = 'late'", "rows", "rows of documents"),
        ("UPDATE sources SET path = 'docs/guide/x.md' WHERE path LIKE '%boats.md'", "rows", "rows of sources"),
        ("UPDATE settings SET value = '65' WHERE name = 'max_tokens'", "rows", "rows of settings"),
        ("UPDATE embeddings SET vector = zeroblob(128) WHERE chunk_id = 5", "vectors", "length 0; expected 1"),
        ("UPDATE embeddings SET vector = x'00ff' WHERE chunk_id = 5", "vectors", "2 bytes; expected 128"),
        ("DELETE FROM embeddings WHERE chunk_id = 5", "vectors", "chunk 5: they have no vector"),
        ("DELETE FROM chunks WHERE chunk_id = 5", "tables", "row 5 of embeddings belongs to a row of chunks"),
        ("DELETE FROM documents WHERE doc_id = 'late'", "tables", "belongs to a row of documents"),
        ("UPDATE documents SET metadata = '{' WHERE doc_id = 'late'", "documents", "no JSON"),
        ("DELETE FROM metadata_fields WHERE name = 'lang'", "documents", "filters do not know the metadata 'lang'"),
        ("INSERT INTO deleted_chunks VALUES (5)", "documents", "1 chunks are hidden"),
        ("DELETE FROM deleted_chunks", "vectors file", "vectors of chunks that do not exist"),
        ("UPDATE generations SET max_chunk_id = 99", "vectors file", "record of the vectors file"),
        ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'chunks'", "tables", "chunks would give an id a second time"),
        ("DROP INDEX chunks_by_passage", "tables", "the index chunks_by_passage is missing"),
        ("CREATE TABLE theirs (x)", "tables", "the table theirs is not ours"),
        ("UPDATE settings SET value = '[' WHERE name = 'revision'", "log", "'revision' is not as it was written"),
    ],
)
def test_what_is_wrong_in_the_database_is_told(index: Path, statement: str, check: str, told: str) -> None:
    alter(index, statement)
    found = problems(index)
    assert told in " ".join(found[check])


def test_a_trigger_that_is_not_ours_is_told(index: Path) -> None:
    with closing(sqlite3.connect(index / "searchkit.db")) as connection, connection:
        connection.execute("CREATE TRIGGER spy AFTER INSERT ON chunks BEGIN DELETE FROM chunks; END")
    assert problems(index)["tables"] == ["the trigger spy is not ours"]


@pytest.mark.parametrize("bit", [18 * 8, 18 * 8 + 7, 52 * 8, 64 * 8 + 1, 80 * 8])
def test_a_header_that_sqlite_bears_without_a_word_is_told(index: Path, bit: int) -> None:
    """With another writer version, for one, the database can only be read."""
    flip(index / "searchkit.db", bit)
    assert "the header of the file was altered" in problems(index)["pages"]


def test_a_document_that_lacks_a_chunk_is_named(folder: Path, engine: SearchEngine) -> None:
    engine.add([{"id": "long", "text": "\n\n".join(f"word{i} " * 50 for i in range(3))}])
    assert engine.status().chunks == 3
    engine.close()
    alter(folder, "DELETE FROM chunks WHERE chunk_id = 2", "DELETE FROM embeddings WHERE chunk_id = 2")
    report = verify_index(folder, encoder=WordEncoder())
    assert names(report) == {"long"}


def test_documents_of_altered_rows_are_named(index: Path) -> None:
    alter(
        index,
        "UPDATE chunks SET line_end = 99 WHERE document_id = (SELECT document_id FROM documents WHERE doc_id = 'late')",
    )
    assert names(verify_index(index, encoder=WordEncoder())) == {"late"}


def test_every_bit_of_the_vectors_file_counts(index: Path) -> None:
    (file,) = index.glob("*.faiss")
    for bit in (0, 300, 8 * file.stat().st_size - 1):
        flip(file, bit)
        assert "was altered" in problems(index)["vectors file"][0]
        flip(file, bit)
    assert problems(index) == {}
    file.unlink()
    assert "is missing" in problems(index)["vectors file"][0]


def test_a_vectors_file_of_other_chunks_is_told(index: Path) -> None:
    """Whole and recorded, and still not what the database holds: as a fault in making it would leave it."""
    folder = IndexFolder(index)
    with StoreWriter.opened(folder.database) as store:
        rows = [(ids[1:], rows[1:]) for ids, rows in store.read.iter_vectors()]
        file = write_generation(folder, 9, lambda path: write("exact", path, rows, WordEncoder.dimension))
        with store.change():
            count = store.read.counts().chunks
            store.set_generation(
                9, file=file.name, kind="exact", sha256=file.sha256, size=file.size, vector_count=count
            )
    found = problems(index)["vectors file"]
    assert "the database says" in found[0]
    assert "not in the vectors file" in found[1]


def test_another_vector_in_the_file_is_told_by_a_deep_look(index: Path) -> None:
    folder = IndexFolder(index)
    with StoreWriter.opened(folder.database) as store:
        ((ids, rows),) = store.read.iter_vectors()
        file = write_generation(
            folder, 9, lambda path: write("exact", path, [(ids, np.roll(rows, 1, axis=0))], WordEncoder.dimension)
        )
        with store.change():
            store.set_generation(
                9, file=file.name, kind="exact", sha256=file.sha256, size=file.size, vector_count=len(ids)
            )
    assert problems(index) == {}
    assert "another vector in the file" in problems(index, deep=True)["vectors file"][0]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM chunk_words_docsize WHERE id = 5",
        "UPDATE chunk_words_data SET block = zeroblob(3) WHERE id > 10",
        "INSERT INTO chunk_words (rowid, title, headings, text) VALUES (77, '', '', 'ghost')",
        "INSERT INTO chunk_words (chunk_words) VALUES ('delete-all')",
    ],
)
def test_words_that_are_not_those_of_the_chunks_are_told_by_a_deep_look(index: Path, statement: str) -> None:
    alter(index, statement)
    assert problems(index) == {}
    assert problems(index, deep=True)["words"]


def test_an_index_that_disagrees_with_its_table_is_told_by_a_deep_look(index: Path) -> None:
    with closing(sqlite3.connect(index / "searchkit.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'document_id, position', 'position, document_id') "
            "WHERE name = 'chunks_by_document'"
        )
    assert "pages" in problems(index, deep=True)


def test_an_encoder_that_gives_other_vectors_is_told_by_a_deep_look(index: Path) -> None:
    other = WordEncoder("salt")
    other.fingerprint = WordEncoder().fingerprint  # as a broken library would have it
    assert "the cosine to the stored vector is" in problems(index, deep=True, encoder=other)["encoder"][0]
    assert problems(index, encoder=other) == {}


def test_an_encoder_that_is_another_one_is_told_by_a_deep_look(index: Path) -> None:
    assert "was built with encoder" in problems(index, deep=True, encoder=WordEncoder("salt"))["encoder"][0]


@pytest.mark.parametrize("content", [b"", b"this is no database" * 500, b"SQLite format 3\0" + bytes(4080)])
def test_a_database_that_cannot_be_opened_is_a_finding(index: Path, content: bytes) -> None:
    (index / "searchkit.db").write_bytes(content)
    assert problems(index)["database"]


def test_a_database_cut_short_is_a_finding(index: Path) -> None:
    database = index / "searchkit.db"
    database.write_bytes(database.read_bytes()[:-4096])
    assert problems(index)


@pytest.mark.parametrize("quoted", [b"CREATE TABLE documents", b"CREATE INDEX chunks_by", b"CREATE TRIGGER documents_"])
def test_damage_that_sqlite_quotes_is_a_finding_though_it_is_no_text(index: Path, quoted: bytes) -> None:
    """Python cannot decode SQLite's message then, and says so instead of it."""
    data = (index / "searchkit.db").read_bytes()
    flip(index / "searchkit.db", 8 * data.index(quoted) + 7)
    assert "malformed database schema" in str(problems(index))
    with pytest.raises(IndexDamagedError, match="malformed database schema"):
        SearchEngine.open(index, encoder=WordEncoder()).search("apples")


def test_a_torn_note_of_the_last_commit_is_a_finding(index: Path) -> None:
    (index / "last-commit").write_bytes(b"half")
    assert "last-commit cannot be read" in problems(index)["log"][0]


@pytest.mark.parametrize("wrong", [{"sample": -1}, {"seed": -1}])
def test_a_sample_of_fewer_than_none_is_refused(index: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="is -1; expected"):
        verify_index(index, deep=True, encoder=WordEncoder(), **wrong)  # type: ignore[arg-type]


def test_a_newer_format_and_a_missing_index_are_errors(index: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError):
        verify_index(tmp_path / "nothing")
    with closing(sqlite3.connect(index / "searchkit.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexFormatError, match="format 99"):
        verify_index(index)


def test_a_file_that_is_replaced_meanwhile_is_no_finding(
    index: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer compacts after the look has begun, and removes the file that it was about to read."""
    from searchkit.search.upkeep import verify

    rows = verify._rows
    once = [lambda: SearchEngine.open(index, encoder=encoder).rebuild()]

    def compact_meanwhile(audit):
        if once:
            once.pop()()
        return rows(audit)

    monkeypatch.setattr(verify, "_rows", compact_meanwhile)
    assert problems(index) == {}
    assert not once
