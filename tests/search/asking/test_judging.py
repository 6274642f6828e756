from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.search import verify_index
from searchkit.store.judgements import Judgement


@pytest.fixture
def garden(engine: SearchEngine, docs: Path) -> SearchEngine:
    engine.index_paths([docs])
    return engine


def said(found: list[Judgement]) -> list[tuple[str, str, bool]]:
    return [(one.query, one.doc_id, one.is_accepted) for one in found]


def test_what_is_judged_is_kept_in_the_order_it_was_said(garden: SearchEngine) -> None:
    (boats,) = garden.search("boats sail", 1)
    garden.judge("boats  sail\n", accept=[boats.chunk_id], reject=["docs/clocks.txt"])
    garden.judge("apples", accept=["docs/guide/apples.md"])
    assert said(garden.judgements()) == [
        ("boats sail", "docs/guide/boats.md", True),
        ("boats sail", "docs/clocks.txt", False),
        ("apples", "docs/guide/apples.md", True),
    ]
    assert garden.judgements()[0].passage == "Boats\nBoats sail across the wide blue sea."


def test_the_last_word_counts(garden: SearchEngine) -> None:
    garden.judge("time", accept=["docs/clocks.txt"])
    garden.judge("time", reject=["docs/clocks.txt"])
    assert said(garden.judgements()) == [("time", "docs/clocks.txt", False)]


def test_of_a_document_the_chunk_closest_to_the_query_is_judged(engine: SearchEngine) -> None:
    pages = "\n\n".join(f"Page {n} is about nothing at all, and so is the next one after it." for n in range(40))
    engine.add([{"id": "long", "text": f"{pages}\n\nApples grow in the orchard.\n\n{pages}"}])
    assert len(engine.chunks("long")) > 3
    (kept,) = engine.judge("apples orchard", accept=["long"])
    assert "Apples grow" in kept.passage


def test_judgements_survive_that_documents_change_and_go(garden: SearchEngine, docs: Path) -> None:
    garden.judge("boats", accept=["docs/guide/boats.md"])
    before = garden.judgements()
    (docs / "guide" / "boats.md").write_text("# Ships\n\nShips are what they were called.\n")
    garden.index_paths([docs])
    garden.delete(["docs/guide/boats.md"])
    garden.rebuild()
    assert garden.judgements() == before


def test_nothing_is_kept_of_a_judgement_that_cannot_be(garden: SearchEngine) -> None:
    with pytest.raises(InputError, match="no chunk, document or file 'nowhere'"):
        garden.judge("boats", accept=["docs/guide/boats.md", "nowhere"])
    with pytest.raises(InputError, match="both accepted and rejected: docs/clocks"):
        garden.judge("boats", accept=["docs/clocks.txt"], reject=["docs/clocks.txt"])
    with pytest.raises(InputError, match="empty"):
        garden.judge(" ", accept=["docs/clocks.txt"])
    assert garden.judgements() == []


def test_an_altered_judgement_is_found_by_its_checksum(garden: SearchEngine, folder: Path) -> None:
    garden.judge("boats", accept=["docs/guide/boats.md"])
    garden.close()
    assert verify_index(folder, encoder=WordEncoder()).is_clean
    connection = sqlite3.connect(folder / "searchkit.db")
    connection.execute("DROP TRIGGER judgements_updated")
    connection.execute("UPDATE judgements SET is_accepted = 0")
    connection.commit()
    connection.close()
    assert not verify_index(folder, encoder=WordEncoder()).is_clean


def test_an_index_of_an_older_searchkit_has_no_judgements_yet(garden: SearchEngine, folder: Path) -> None:
    garden.close()
    connection = sqlite3.connect(folder / "searchkit.db")
    connection.execute("DROP TABLE judgements")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0006 judgements'")
    connection.execute("PRAGMA user_version = 5")
    connection.commit()
    connection.close()
    with SearchEngine.open(folder, encoder=WordEncoder()) as again:
        assert again.judgements() == []
        again.judge("boats", accept=["docs/guide/boats.md"])
        assert said(again.judgements()) == [("boats", "docs/guide/boats.md", True)]
