from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import (
    EncoderMismatchError,
    FilterError,
    IndexLockedError,
    IndexNotFoundError,
    InputError,
)
from searchkit.search import Progress, readers
from searchkit.search.acknowledged import open_reader
from searchkit.search.indexing import reencode
from searchkit.search.question import MOST_ASKED
from searchkit.store import StoreReader

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time", "apples and boats"]


def test_nearest_text_comes_first_with_its_cosine(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": name, "text": name} for name in TEXTS])
    hits = engine.search("boats sail the sea", k=2)
    expected = encoder.encode_queries(TEXTS) @ encoder.encode_queries(["boats sail the sea"])[0]
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].doc_id == "boats sail the sea"
    assert hits[0].score == pytest.approx(expected[1], abs=2e-3)  # stored as float16


def test_two_documents_with_the_same_text_are_both_found(engine: SearchEngine) -> None:
    engine.add([{"id": "one", "text": "apples grow"}, {"id": "two", "text": "apples grow"}])
    hits = engine.search("apples", k=5)
    assert [hit.doc_id for hit in hits] == ["one", "two"]
    assert hits[0].score == hits[1].score


def test_swapped_texts_are_both_updated(engine: SearchEngine) -> None:
    engine.add([{"id": "a", "text": "apples grow"}, {"id": "b", "text": "boats sail"}])
    engine.add([{"id": "a", "text": "boats sail"}, {"id": "b", "text": "apples grow"}])
    assert engine.search("apples", k=1)[0].doc_id == "b"
    assert engine.search("boats", k=1)[0].doc_id == "a"
    assert engine.status().chunks == 2


def test_bare_texts_get_names_of_their_own(engine: SearchEngine) -> None:
    engine.add(["apples", "apples"])
    engine.add(["apples"])
    assert sorted(hit.doc_id for hit in engine.search("apples", k=9)) == ["text-1", "text-2", "text-3"]


def test_removed_document_is_never_returned(engine: SearchEngine) -> None:
    engine.add([{"id": name, "text": name} for name in TEXTS])
    engine.search("apples")
    assert engine.delete(["apples grow on trees", "no such"]) == 1
    assert "apples grow on trees" not in [hit.doc_id for hit in engine.search("apples grow on trees", k=9)]


def test_main_tail_and_deletions_answer_as_a_fresh_index(tmp_path: Path, encoder: WordEncoder) -> None:
    words = [f"word{i} word{i % 7} common" for i in range(700)]
    with SearchEngine.open_or_create(tmp_path / "grown", encoder=encoder) as grown:
        grown.add([{"id": str(i), "text": text} for i, text in enumerate(words[:600])])
        grown.add([{"id": str(i), "text": text} for i, text in enumerate(words[600:], start=600)])
        grown.delete([str(i) for i in range(0, 60, 3)])
        status = grown.status()
        assert (status.tail, status.deleted) == (100, 20)  # both parts are exercised
        with SearchEngine.open_or_create(tmp_path / "fresh", encoder=encoder) as fresh:
            fresh.add([{"id": str(i), "text": t} for i, t in enumerate(words) if i >= 60 or i % 3])
            for query in ("word3 common", "word650", "word0"):
                expected = [(hit.doc_id, hit.score) for hit in fresh.search(query, k=25)]
                assert [(hit.doc_id, hit.score) for hit in grown.search(query, k=25)] == expected


@pytest.mark.parametrize("damage", ["delete", "truncate", "alter"])
def test_damaged_faiss_file_changes_no_answer(folder: Path, encoder: WordEncoder, damage: str) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add([{"id": name, "text": name} for name in TEXTS])
        before = engine.search("apples", k=4)
    (file,) = folder.glob("vectors-*.faiss")
    if damage == "delete":
        file.unlink()
    elif damage == "truncate":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    with SearchEngine.open(folder, encoder=encoder) as engine:
        assert engine.search("apples", k=4) == before
        engine.add(["something new"])  # the next writer puts a sound file in its place
        assert engine.search("apples", k=4)[0] == before[0]
    assert list(folder.glob("vectors-*.faiss"))


def test_other_encoder_of_the_same_dimension_is_refused(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)
    with SearchEngine.open(folder, encoder=WordEncoder("other")) as engine:
        with pytest.raises(EncoderMismatchError, match="searchkit rebuild"):
            engine.search("apples")
        with pytest.raises(EncoderMismatchError):
            engine.add(["more"])


def test_rebuild_with_another_encoder_embeds_every_chunk(folder: Path, encoder: WordEncoder) -> None:
    other = WordEncoder("other")
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add([{"id": name, "text": name} for name in TEXTS])
        assert engine.rebuild(encoder=other) == len(TEXTS)
        expected = other.encode_queries(TEXTS) @ other.encode_queries(["boats"])[0]
        found = {hit.doc_id: hit.score for hit in engine.search("boats", k=4)}
        np.testing.assert_allclose([found[text] for text in TEXTS], expected, atol=2e-3)
    with SearchEngine.open(folder, encoder=encoder) as engine, pytest.raises(EncoderMismatchError):
        engine.search("boats")


def test_filters_act_before_the_cut(engine: SearchEngine) -> None:
    engine.add([{"id": f"a{i}", "text": "apples apples", "lang": "en"} for i in range(20)])
    engine.add([{"id": "z", "text": "zebra", "lang": "fr", "year": 1999}])
    assert [hit.doc_id for hit in engine.search("apples", k=1, where="lang = 'fr'")] == ["z"]
    assert [hit.doc_id for hit in engine.search("apples", k=1, where={"lang": "fr"})] == ["z"]
    assert engine.search("apples", where="lang = 'fr' and year > 2000") == []
    with pytest.raises(FilterError, match="lang, year"):
        engine.search("apples", where="langauge = 'fr'")


def test_min_score_leaves_out_weak_hits(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    hits = engine.search("apples grow on trees", k=4)
    bound = (hits[0].score + hits[1].score) / 2
    assert engine.search("apples grow on trees", k=4, min_score=bound) == hits[:1]


def test_similar_leaves_itself_out(engine: SearchEngine) -> None:
    engine.add([{"id": name, "text": name} for name in TEXTS])
    first = engine.search("apples grow on trees", k=1)[0]
    by_id, by_name = engine.similar(first.chunk_id, k=1), engine.similar("apples grow on trees", k=1)
    assert by_id == by_name
    assert by_id[0].doc_id == "apples and boats"
    with pytest.raises(InputError, match="no chunk"):
        engine.similar(999)


def test_highlight_gives_the_best_sentence(engine: SearchEngine) -> None:
    text = "Boats sail the sea. Apples grow on trees. Clocks tell the time."
    engine.add([{"id": "doc", "text": text}])
    hit = engine.search("apples grow", highlight=True)[0]
    assert hit.snippet == "Apples grow on trees."
    assert text[hit.snippet_start :].startswith(hit.snippet)


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_k_below_one_is_an_error(engine: SearchEngine, k: int) -> None:
    engine.add(TEXTS)
    with pytest.raises(InputError, match="k is"):
        engine.search("apples", k=k)


@pytest.mark.parametrize("query", ["", "  \n"])
def test_empty_query_is_an_error(engine: SearchEngine, query: str) -> None:
    engine.add(TEXTS)
    with pytest.raises(InputError, match="empty"):
        engine.search(query)


def test_no_index_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError, match="searchkit index"):
        SearchEngine.open(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ({"title": "no text"}, "no 'text'"),
        (7, "expected a Document"),
        ({"text": 5}, "expected text"),
        (Document(5, "text"), "the id of document 5"),  # type: ignore[arg-type]
    ],
)
def test_items_that_are_no_documents_are_named(engine: SearchEngine, item: object, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        engine.add([item])  # type: ignore[list-item]


def test_metadata_that_is_not_json_is_refused_by_name(engine: SearchEngine) -> None:
    with pytest.raises(InputError, match="'when'"):
        engine.add([Document("doc", "text", metadata={"when": object()})])  # type: ignore[dict-item]
    with pytest.raises(InputError, match="'ratio'"):
        engine.add([Document("doc", "text", metadata={"ratio": float("nan")})])


def test_second_writer_is_told_who_writes(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as one:
        one.add(["a"])
        with one._writing(), SearchEngine.open(folder, encoder=encoder) as two:
            with pytest.raises(IndexLockedError):
                two.add(["b"])
            assert len(two.search("a")) == 1  # readers never wait


def test_threads_search_while_one_writes(folder: Path, encoder: WordEncoder) -> None:
    errors: list[BaseException] = []
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add([{"id": "0", "text": "apples 0"}])
        done = threading.Event()

        def look() -> None:
            try:
                while not done.is_set():
                    hits = engine.search("apples", k=50)
                    assert [int(hit.doc_id) for hit in sorted(hits, key=lambda hit: hit.chunk_id)] == list(
                        range(len(hits))
                    )
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(1, 30):
            engine.add([{"id": str(number), "text": f"apples {number}"}])
        done.set()
        for thread in threads:
            thread.join()
        assert len(engine.search("apples", k=50)) == 30
    assert errors == []


def test_database_is_readable_by_any_sqlite(engine: SearchEngine, folder: Path) -> None:
    engine.add([{"id": "doc", "text": "apples grow", "title": "Apples", "year": 2020}])
    with sqlite3.connect(folder / "searchkit.db") as connection:
        row = connection.execute(
            "SELECT doc_id, title, json_extract(metadata, '$.year'), text "
            "FROM documents JOIN chunks USING (document_id)"
        ).fetchone()
    connection.close()
    assert row == ("doc", "Apples", 2020, "apples grow")


def test_a_document_that_is_a_title_alone_is_found_by_it(engine: SearchEngine) -> None:
    engine.add([{"id": "bare", "title": "Apples of the orchard", "text": " "}, {"id": "sea", "text": "boats sail"}])
    assert [hit.doc_id for hit in engine.search("orchard apples", k=1)] == ["bare"]
    assert engine.chunks("bare")[0].text == "Apples of the orchard"


def test_index_folder_can_be_read_without_write_permission(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(TEXTS)
    copy = folder.with_name("copy")
    copy.mkdir()
    for name in ("searchkit.db", *(file.name for file in folder.glob("*.faiss"))):
        (copy / name).write_bytes((folder / name).read_bytes())
    copy.chmod(0o555)
    try:
        with SearchEngine.open(copy, encoder=encoder) as engine:
            assert len(engine.search("apples")) == len(TEXTS)
    finally:
        copy.chmod(0o755)


def test_text_that_no_encoding_can_hold_is_stored_and_found(engine: SearchEngine) -> None:
    engine.add([{"id": "odd", "text": "apples \ud800 grow \x00 \U0001f34e", "note": "\udfff"}])
    hit = engine.search("apples \ud800", k=1)[0]
    assert hit.text == "apples ? grow \x00 \U0001f34e"
    assert hit.metadata == {"note": "?"}


def test_a_query_of_a_million_characters_is_answered(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    assert len(engine.search("apples " * 149_000, k=1)) == 1


@pytest.mark.parametrize("mode", ["dense", "hybrid", "lexical"])
def test_a_query_has_a_greatest_length(engine: SearchEngine, mode: str) -> None:
    engine.add(TEXTS)
    with pytest.raises(InputError, match="1,048,577 characters; expected at most 1,048,576"):
        engine.search("x" * (MOST_ASKED + 1), mode=mode)
    with pytest.raises(InputError, match="1,048,577 characters"):
        engine.search("x", mode=mode, unlike=["x" * (MOST_ASKED + 1)])


def test_an_engine_searches_while_it_walks_its_chunks(engine: SearchEngine) -> None:
    engine.add([{"id": name, "text": name} for name in TEXTS])
    nearest = [engine.similar(chunk.chunk_id, k=1)[0].doc_id for chunk in engine.iter_chunks()]
    assert len(nearest) == len(TEXTS)


def test_threads_that_ended_leave_no_connection_behind(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.add(TEXTS)
    opened: list[StoreReader] = []
    monkeypatch.setattr(readers, "open_reader", lambda folder: opened.append(open_reader(folder)) or opened[-1])
    for _ in range(5):
        thread = threading.Thread(target=engine.search, args=["apples"])
        thread.start()
        thread.join()
    assert len(opened) == 1


def test_a_forked_process_opens_connections_of_its_own(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.add(TEXTS)
    engine.search("apples")
    opened: list[StoreReader] = []
    monkeypatch.setattr(readers, "open_reader", lambda folder: opened.append(open_reader(folder)) or opened[-1])
    engine.search("apples")
    assert not opened
    monkeypatch.setattr(readers.os, "getpid", lambda: -1)
    engine.search("apples")
    assert len(opened) == 1


def test_a_search_under_way_outlives_the_closing(folder: Path, encoder: WordEncoder) -> None:
    engine = SearchEngine.open_or_create(folder, encoder=encoder)
    engine.add(TEXTS)
    chunks = engine.iter_chunks()
    texts = [next(chunks).text]
    engine.close()
    assert texts + [chunk.text for chunk in chunks] == TEXTS
    with pytest.raises(InputError, match="closed"):
        engine.search("apples")
    with pytest.raises(InputError, match="closed"):
        engine.add(["more"])


def test_a_document_with_the_name_of_an_indexed_file_is_refused(engine: SearchEngine, tmp_path: Path) -> None:
    file = tmp_path / "apples.txt"
    file.write_text("Apples grow on trees.\n")
    engine.index_paths([file])
    name = engine.search("apples")[0].doc_id
    with pytest.raises(InputError, match="indexed file"):
        engine.add([{"id": name, "text": "boats"}])
    assert engine.search("apples")[0].text.startswith("Apples")


def test_an_id_of_none_is_no_id(engine: SearchEngine) -> None:
    engine.add([{"id": None, "text": "apples"}, {"id": None, "text": "boats"}])
    assert engine.status().documents == 2


def test_names_that_are_given_do_not_replace_such_of_the_caller(engine: SearchEngine) -> None:
    engine.add([{"id": "text-2", "text": "apples"}])
    engine.add(["boats"])
    assert sorted(hit.doc_id for hit in engine.search("apples")) == ["text-2", "text-3"]


@pytest.mark.parametrize("chunk_id", [-1, 0, 2**63, 2**70])
def test_a_number_that_is_no_chunk_is_an_input_error(engine: SearchEngine, chunk_id: int) -> None:
    engine.add(TEXTS)
    with pytest.raises(InputError, match="no chunk"):
        engine.similar(chunk_id)


def test_more_hits_than_there_are_chunks_cost_nothing(engine: SearchEngine) -> None:
    engine.add(TEXTS)
    assert len(engine.search("apples", k=10**15)) == len(TEXTS)
    assert len(engine.similar(1, k=10**15)) == len(TEXTS) - 1


def test_fields_that_no_document_has_any_more_are_forgotten(engine: SearchEngine) -> None:
    engine.add([{"id": "a", "text": "apples", "colour": "red"}, {"id": "b", "text": "boats", "crew": 3}])
    engine.delete(["a"])
    engine.rebuild()
    assert engine.search("boats", where={"crew": 3})
    with pytest.raises(FilterError, match="colour"):
        engine.search("boats", where={"colour": "red"})


def test_vectors_of_a_rebuild_that_was_cut_off_are_dropped(
    engine: SearchEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.add(TEXTS)
    monkeypatch.setattr(reencode, "BATCH_CHUNKS", 2)

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.rebuild(encoder=WordEncoder("other"), progress=interrupt)
    assert len(engine.search("apples")) == len(TEXTS)
    engine.rebuild()
    with sqlite3.connect(folder / "searchkit.db") as connection:
        assert not connection.execute("SELECT * FROM sqlite_master WHERE name = 'next_embeddings'").fetchall()
    connection.close()


def test_an_encoder_that_the_index_changed_meanwhile_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.encoder.load_encoder", lambda name, *, device: WordEncoder(f"{name} on {device}"))
    with SearchEngine.open_or_create(folder, encoder="one", device="cpu") as engine:
        engine.add(TEXTS)
    with SearchEngine.open(folder, device="cpu") as reading, SearchEngine.open(folder, device="cpu") as writing:
        assert reading.search("apples")
        writing.rebuild(encoder="two")
        assert reading.search("apples")
        assert reading.encoder.name == writing.encoder.name == "wordstwo on cpu"


def test_vectors_of_another_width_are_not_mixed_with_the_old_ones(
    folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = WordEncoder("wide")
    narrow_rows = wide.encode_passages
    monkeypatch.setattr(wide, "dimension", 2 * encoder.dimension)
    monkeypatch.setattr(wide, "encode_passages", lambda texts: np.repeat(narrow_rows(texts), 2, axis=1) / np.sqrt(2))
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add(["apples"])
        with engine._writing() as store, store.change():
            store.clear_generation()  # as between the new vectors and their FAISS file
        engine.search("apples")
        with engine._writing() as store:
            reencode.reencode(store, engine._encoder.instead(wide), lambda _: None)
        with pytest.raises(EncoderMismatchError):
            engine.search("apples")


def test_the_state_is_told_while_files_go(engine: SearchEngine, folder: Path) -> None:
    engine.add(TEXTS)
    (folder / "gone").symlink_to(folder / "nowhere")
    assert engine.status().size_bytes > 0


def test_a_single_document_is_not_taken_for_a_list(engine: SearchEngine) -> None:
    with pytest.raises(InputError, match="one Document"):
        engine.add(Document("a", "apples"))  # type: ignore[arg-type]


def test_an_index_made_anew_is_seen_by_an_open_engine(folder: Path, encoder: WordEncoder) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as engine:
        engine.add([{"id": "old", "text": "apples"}])
        assert engine.search("apples")[0].doc_id == "old"
        shutil.rmtree(folder)
        with pytest.raises(IndexNotFoundError, match="searchkit index"):
            engine.search("apples")
        with SearchEngine.open_or_create(folder, encoder=encoder) as another:
            another.add([{"id": "new", "text": "boats"}])
        (hit,) = engine.search("boats")
        assert (hit.doc_id, hit.score) == ("new", pytest.approx(1, abs=2e-3))


def test_a_reader_without_write_permission_sees_later_changes(
    folder: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SearchEngine.open_or_create(folder, encoder=encoder) as owner:
        owner.add(["apples"])
    monkeypatch.setattr(os, "access", lambda *_: False)  # the folder is another user's
    with SearchEngine.open(folder, encoder=encoder) as guest:
        assert len(guest.search("apples")) == 1
        with SearchEngine.open(folder, encoder=encoder) as owner:
            owner.add(["boats"])
        assert len(guest.search("apples")) == 2


def test_one_name_is_not_taken_for_a_list_of_letters(engine: SearchEngine, docs: Path) -> None:
    engine.add([{"id": letter, "text": letter} for letter in "abc"])
    for call in (
        lambda: engine.delete("abc"),
        lambda: engine.search_many("abc"),
        lambda: engine.judge("apples", accept="abc"),
        lambda: engine.judge("apples", reject="abc"),
        lambda: engine.index_paths(docs),  # type: ignore[arg-type]
        lambda: engine.index_paths("docs"),  # type: ignore[arg-type]
        lambda: engine.watch_paths(docs),  # type: ignore[arg-type]
        lambda: engine.is_within("docs/a.md", "docs"),
        lambda: engine.chunk_ids("docs"),
    ):
        with pytest.raises(InputError, match="list of"):
            call()
    assert engine.status().documents == 3


def test_ids_may_be_numbers_of_numpy(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    for chunk_id in engine.chunk_ids([docs]):
        assert engine.chunk(chunk_id).chunk_id == chunk_id
        assert engine.context(chunk_id) == engine.context(int(chunk_id))
        assert engine.similar(chunk_id) == engine.similar(int(chunk_id))
        assert engine.why("apples", chunk_id) == engine.why("apples", int(chunk_id))
