from __future__ import annotations

from pathlib import Path

import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import FilterError, InputError
from searchkit.integrations.opening import (
    around,
    deleted,
    known,
    loaded,
    passage_name,
    stored,
    unless_empty,
    with_whole_texts,
)
from searchkit.types import Document

LONG = "\n\n".join(f"Paragraph {i} tells of apples and of boats." for i in range(80))


def test_around_a_vector_nothing_is_said_of_words(engine: SearchEngine, encoder: WordEncoder) -> None:
    vector = encoder.encode_queries(["apples"])[0]
    assert around(engine, vector, 2, {}) == []  # there is no index yet
    engine.add([Document("a", "apples"), Document("b", "boats")])
    given = {"mode": "lexical", "dense_weight": 0.3, "where": "doc_id = 'b'"}
    found = around(engine, vector, 2, given)
    assert [hit.doc_id for hit in found] == ["b"]
    assert found == engine.search_embedding(vector, 2, where="doc_id = 'b'")
    assert set(given) == {"mode", "dense_weight", "where"}


def test_hits_with_the_whole_texts_of_their_documents(engine: SearchEngine) -> None:
    engine.add([Document("long", LONG), Document("short", "apples")])
    hits = engine.search("apples", 3)
    assert {(hit.doc_id, text) for hit, text in with_whole_texts(engine, hits)} <= {("long", LONG), ("short", "apples")}
    assert [hit for hit, _ in with_whole_texts(engine, hits)] == hits
    assert len({passage_name(hit) for hit in hits}) == len(hits) == 3


def test_an_encoder_that_was_given_is_the_one(encoder: WordEncoder) -> None:
    assert loaded(encoder) is encoder


def test_only_what_has_a_value_is_known() -> None:
    assert known(path="a", page=None, line=0) == {"path": "a", "line": 0}


def test_a_document_with_the_name_of_a_folder_does_not_take_its_files_along(
    engine: SearchEngine, tmp_path: Path
) -> None:
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "deep" / "boats.md").write_text("Boats sail the sea.")
    engine.index_paths([tmp_path / "notes"])
    engine.add([Document("notes", "apples"), Document("other", "apples")])
    with pytest.raises(InputError, match="'notes' has the name of a folder"):
        deleted(engine, ["notes", "other"])
    with pytest.raises(InputError, match="'notes' has the name of a folder"):
        deleted(engine, where="doc_id = 'notes'")
    assert len(stored(engine)) == 3
    assert deleted(engine, ["other", "notes/deep", "gone"]) == 1
    assert deleted(engine) == 2


def test_while_there_is_nothing_no_filter_is_wrong(engine: SearchEngine) -> None:
    def look() -> list[object]:
        return list(engine.search("apples", where="((("))

    assert unless_empty(engine, look) == []  # there is no index yet
    engine.add([Document("a", "apples")])
    with pytest.raises(FilterError):
        unless_empty(engine, look)
    engine.delete(["a"])
    assert unless_empty(engine, look) == []
