"""Kept indexes of every older format, made by the searchkit of then: they are opened, searched and brought up to date.

Each has docs/apples.md in its vectors file, docs/boats.md deleted from it, and `clocks`, added later, in the tail;
from version 4 on, two topics, one of each.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import IndexFormatError
from searchkit.search import backup_index, repair_index, verify_index
from searchkit.store import StoreReader
from searchkit.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from searchkit.types import Rows

FORMATS = Path(__file__).parent.parent / "formats"
OLD = sorted(file.stem for file in FORMATS.glob("v*.zip"))


class EncoderOfThen(WordEncoder):
    """Gives the vectors that are stored, so that no checkpoint of then has to be kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        reader = StoreReader(folder / "searchkit.db")
        with reader.snapshot():
            settings = reader.settings()
            self.rows = {
                row.text.split()[-1]: reader.vectors(np.array([row.chunk_id]))[0] for row in reader.iter_chunks()
            }
        reader.close()
        self.fingerprint, self.dimension, self.max_tokens = settings.fingerprint, settings.dimension, 256

    def _encode(self, texts: Sequence[str]) -> Rows:
        known = [next((row for part, row in self.rows.items() if part in text), None) for text in texts]
        fresh = np.zeros(self.dimension, np.float32)
        fresh[0] = 1
        return np.array([fresh if row is None else row for row in known], np.float32).reshape(-1, self.dimension)


@pytest.fixture(params=OLD)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with zipfile.ZipFile(FORMATS / f"{request.param}.zip") as kept:
        kept.extractall(tmp_path / "index")
    return tmp_path / "index"


def version_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "searchkit.db")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(engine: SearchEngine) -> None:
    state = engine.status()
    assert (state.sources, state.documents, state.chunks) == (1, 2, 2)
    hits = engine.search("Apples grow on trees in the orchard.", k=5, mode="dense")
    assert [hit.doc_id for hit in hits] == ["docs/apples.md", "clocks"]
    assert hits[0].score == pytest.approx(1, abs=1e-3)
    assert hits[0].path == "docs/apples.md"
    assert hits[0].title == "Apples"
    assert [hit.doc_id for hit in engine.search("anything", k=5, where="lang = 'en'")] == ["clocks"]
    assert [hit.doc_id for hit in engine.similar("clocks")] == ["docs/apples.md"]


def test_there_is_one_of_each_format() -> None:
    assert [f"v{number}" for number in range(1, SCHEMA_VERSION)] == OLD


def test_it_is_searched_without_being_changed(folder: Path) -> None:
    before = (folder / "searchkit.db").read_bytes()
    with SearchEngine.open(folder, encoder=EncoderOfThen(folder)) as engine:
        check(engine)
    assert verify_index(folder).is_clean
    assert (folder / "searchkit.db").read_bytes() == before
    assert version_of(folder) < SCHEMA_VERSION


def test_it_is_brought_up_to_date_by_the_first_change(folder: Path) -> None:
    encoder = EncoderOfThen(folder)
    with SearchEngine.open(folder, encoder=encoder) as engine:
        engine.compact()
        check(engine)
        assert [hit.doc_id for hit in engine.search("orchard", mode="lexical")] == ["docs/apples.md"]
        assert version_of(folder) == SCHEMA_VERSION
    assert verify_index(folder, deep=True, encoder=encoder).is_clean


def test_its_topics_are_those_that_were_kept(folder: Path) -> None:
    encoder = EncoderOfThen(folder)
    if version_of(folder) < 4:
        pytest.skip("there were none")
    with SearchEngine.open(folder, encoder=encoder) as engine:
        for _ in range(2):  # as it was, and brought up to date
            hits = {topic: engine.search("anything", topic=topic, mode="dense") for topic in ("orchard", "time")}
            assert [hit.doc_id for hit in hits["orchard"]] == ["docs/apples.md"]
            assert [hit.doc_id for hit in hits["time"]] == ["clocks"]
            engine.compact()
    assert verify_index(folder, deep=True, encoder=encoder).is_clean


def test_it_is_copied_as_it_is(folder: Path, tmp_path: Path) -> None:
    backup_index(tmp_path / "copy", folder)
    with SearchEngine.open(tmp_path / "copy", encoder=EncoderOfThen(folder)) as engine:
        check(engine)


def test_it_is_repaired_from_its_pages(folder: Path) -> None:
    """Up to version 2 there are no checksums in it, so what is left is believed."""
    encoder = EncoderOfThen(folder)
    with closing(sqlite3.connect(folder / "searchkit.db")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chunks_by_passage'").fetchone()
    with (folder / "searchkit.db").open("rb+") as file:
        file.seek((root - 1) * 4096)
        file.write(bytes(4096))
    report = repair_index(folder, encoder=encoder)
    assert report.kept_aside is not None
    assert report.lost == ()
    with SearchEngine.open(folder, encoder=encoder) as engine:
        check(engine)
    assert verify_index(folder, deep=True, encoder=encoder).is_clean


def test_a_newer_format_is_refused_by_whoever_opens_it(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(folder / "searchkit.db")) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        put = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('searchkit', ?, '')"
        connection.executemany(put, [[f"{number:04} later"] for number in range(3, SCHEMA_VERSION + 4)])
        connection.commit()
    told = f"format {SCHEMA_VERSION + 1}, this searchkit reads up to {SCHEMA_VERSION}"
    with SearchEngine.open(folder, encoder=WordEncoder()) as engine:
        for use in (engine.status, lambda: engine.search("apples"), lambda: engine.add(["x"]), engine.compact):
            with pytest.raises(IndexFormatError, match=told) as caught:
                use()
            assert "newer searchkit" in caught.value.hint
    for care in (verify_index, repair_index, lambda index: backup_index(tmp_path / "copy", index)):
        with pytest.raises(IndexFormatError, match=told):
            care(folder)
