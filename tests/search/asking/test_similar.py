from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import Document, SearchEngine
from searchkit.errors import InputError, ShapeError
from searchkit.search.asking.negatives import WEIGHT

TEXTS = ["apples grow on trees", "boats sail the sea", "clocks tell the time", "apples and boats"]


@pytest.fixture
def filled(engine: SearchEngine) -> SearchEngine:
    engine.add([{"id": text, "text": text, "words": len(text.split())} for text in TEXTS])
    return engine


def test_a_document_from_outside_is_compared_as_if_it_were_inside(filled: SearchEngine, encoder: WordEncoder) -> None:
    hits = filled.similar(Document("draft", "boats sail"), k=4)
    expected = encoder.encode_queries([hit.text for hit in hits]) @ encoder.encode_queries(["boats sail"])[0]
    np.testing.assert_allclose([hit.score for hit in hits], expected, atol=2e-3)
    assert hits[0].doc_id == "boats sail the sea"


def test_a_document_that_is_inside_too_is_found(filled: SearchEngine) -> None:
    (best,) = filled.similar(Document("copy", "clocks tell the time"), k=1)
    assert (best.doc_id, best.score) == ("clocks tell the time", pytest.approx(1, abs=1e-3))


def test_the_query_is_the_mean_of_all_chunks(filled: SearchEngine, encoder: WordEncoder) -> None:
    long = Document("long", "apples " * 60 + "\n\n" + "boats " * 60)
    passages = ["apples " * 60, "boats " * 60]
    mean = encoder.encode_queries(passages).mean(axis=0)
    expected = encoder.encode_queries(TEXTS) @ mean / np.linalg.norm(mean)
    found = {hit.doc_id: hit.score for hit in filled.similar(long, k=4)}
    np.testing.assert_allclose([found[text] for text in TEXTS], expected, atol=2e-2)
    parts = [Document("one", "apples " * 60), Document("two", "boats " * 60)]
    assert filled.similar(parts, k=1)[0].doc_id == "apples and boats"


def test_title_and_settings_are_those_of_the_index(filled: SearchEngine, encoder: WordEncoder) -> None:
    filled.similar(Document("draft", "sail", title="boats"), k=1)
    assert encoder.encoded[-1] == "boats\nsail"


@pytest.mark.parametrize("documents", [[], Document("x", " \n"), [Document("x", "")]])
def test_nothing_is_like_no_text(filled: SearchEngine, documents: Document | list[Document]) -> None:
    with pytest.raises(InputError, match="no text"):
        filled.similar(documents)


@pytest.mark.parametrize("strange", [None, ["apples"], Path("apples"), [Document("x", "apples"), "boats"]])
def test_what_is_neither_a_name_nor_a_document_is_told(filled: SearchEngine, strange: object) -> None:
    with pytest.raises(InputError, match="expected a chunk's id, a name in the index, or documents"):
        filled.similar(strange)  # type: ignore[arg-type]


def test_the_choice_of_hits_is_that_of_a_search(engine: SearchEngine) -> None:
    engine.add([{"id": f"a{n}", "text": "apples grow"} for n in range(150)])
    engine.add([{"id": text, "text": text} for text in TEXTS])
    hits = engine.similar("a7", k=4, fold=True)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert len(hits[0].alike) >= 90  # of 149 others
    assert len({hit.text for hit in hits}) == 4
    assert "a7" not in [hit.doc_id for hit in hits]
    assert len(engine.similar("a7", k=9, min_score=0.9)) == 9


def test_a_document_of_many_chunks_leaves_all_of_them_out(engine: SearchEngine) -> None:
    engine.add([{"id": "long", "text": "\n\n".join("apples grow " * 25 for _ in range(40))}, *TEXTS])
    hits = engine.similar("long", k=4)
    assert len(hits) == 4
    assert "long" not in [hit.doc_id for hit in hits]


def test_filters_act_before(filled: SearchEngine) -> None:
    hits = filled.similar(Document("draft", "boats sail the sea"), k=2, where="words = 3")
    assert [hit.doc_id for hit in hits] == ["apples and boats"]


def test_since_asks_files(engine: SearchEngine, docs: Path) -> None:
    engine.index_paths([docs])
    assert len(engine.similar("docs/clocks.txt", since="1d")) == 2
    assert engine.similar("docs/clocks.txt", since="2999") == []


def test_options_of_a_query_are_refused(filled: SearchEngine) -> None:
    with pytest.raises(TypeError, match=r"similar\(\) got an unexpected option 'mode'"):
        filled.similar(TEXTS[0], mode="lexical")  # type: ignore[call-arg]


def test_a_vector_from_outside_finds_its_nearest_chunks(engine: SearchEngine, encoder: WordEncoder) -> None:
    texts = ["apples grow on trees", "boats sail the sea", "clocks tell the time"]
    engine.add([{"id": text, "text": text, "length": len(text)} for text in texts])
    vector = encoder.encode_queries(["boats on the sea"])[0]
    hits = engine.search_embedding(3 * vector, k=3)
    cosines = encoder.encode_passages(texts) @ vector
    assert [hit.doc_id for hit in hits] == [texts[i] for i in np.argsort(-cosines)]
    np.testing.assert_allclose([hit.score for hit in hits], np.sort(cosines)[::-1], atol=2e-3)
    assert len(engine.search_embedding(vector.tolist(), k=3, where="length > 18")) == 2


@pytest.mark.parametrize(
    "vector", [[1.0, 2.0], [0.0] * 64, [float("nan")] * 64, [[1.0] * 64], ["a"] * 64, [[1], [1, 2]]]
)
def test_a_vector_without_shape_or_direction_is_refused(engine: SearchEngine, vector: list[float]) -> None:
    engine.add(["apples"])
    with pytest.raises(ShapeError, match="the embedding"):
        engine.search_embedding(vector)


def test_what_hits_should_not_be_like_moves_the_query_away(filled: SearchEngine, encoder: WordEncoder) -> None:
    target, negative = "apples and boats", "boats sail the sea"
    own, away = (encoder.encode_passages([text])[0] for text in (target, negative))
    moved = own - WEIGHT * away
    expected = encoder.encode_passages([text for text in TEXTS if text != target]) @ moved / np.linalg.norm(moved)
    found = {hit.doc_id: hit.score for hit in filled.similar(target, k=9, unlike=[negative])}
    np.testing.assert_allclose([found[text] for text in TEXTS if text != target], expected, atol=2e-3)
    assert found[negative] < filled.similar(target, k=9)[0].score
    by_row = filled.search_embedding(2 * own, k=1, unlike=[negative])
    assert by_row[0].doc_id == target
    assert by_row[0].score == pytest.approx(float(own @ moved / np.linalg.norm(moved)), abs=2e-3)
