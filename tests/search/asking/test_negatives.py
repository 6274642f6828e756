from __future__ import annotations

import math
from contextlib import closing

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import InputError
from searchkit.search.asking.negatives import WEIGHT, away_from
from searchkit.store import StoreReader, plain_query


def test_a_query_moves_by_rocchios_formula() -> None:
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    negatives = np.array([[0, 1], [0.6, 0.8]], dtype=np.float32)
    expected = queries - WEIGHT * np.array([0.3, 0.9])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(away_from(queries, negatives), expected, atol=1e-6)


def test_a_query_that_is_its_own_negative_keeps_its_direction() -> None:
    query = np.array([[0.6, 0.8]], dtype=np.float32)
    np.testing.assert_allclose(away_from(query, query), query, atol=1e-6)


def test_scores_are_cosines_with_the_moved_query(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([{"id": text, "text": text} for text in ("jaguar car engine", "jaguar cat jungle", "apples")])
    hits = engine.search("jaguar", k=3, mode="dense", unlike=["car engine", "car"])
    query, *negatives = encoder.encode_queries(["jaguar", "car engine", "car"])
    (moved,) = away_from(query[np.newaxis], np.array(negatives))
    for hit in hits:
        assert hit.score == pytest.approx(float(encoder.encode_queries([hit.text])[0] @ moved), abs=2e-3)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("mode", ["dense", "hybrid", "lexical"])
def test_what_is_not_meant_goes_back_in_every_mode(engine: SearchEngine, mode: str) -> None:
    engine.add([{"id": text, "text": text} for text in ("jaguar car", "jaguar cat", "jaguar dog")])
    for other in ("car", "cat", "dog"):
        hits = engine.search("jaguar", k=3, mode=mode, unlike=[f"jaguar {other}"])
        assert hits[-1].doc_id == f"jaguar {other}"


def test_words_lose_by_the_same_formula(engine: SearchEngine) -> None:
    texts = ["jaguar car wheel", "jaguar jaguar cat", "jaguar car cat", "nothing of it"]
    engine.add([{"id": text, "text": text} for text in texts])
    query, negative = plain_query("jaguar cat"), plain_query("car wheel road")
    assert query is not None
    assert negative is not None
    with closing(StoreReader(engine.folder / "searchkit.db")) as reader:
        scores, ids = reader.lexical_nearest(query, 9)
        lost = WEIGHT / 2 * math.sqrt(len(query.terms) / len(negative.terms)) * reader.lexical_scores(negative, ids)
    hits = engine.search("jaguar cat", k=9, mode="lexical", unlike=["car wheel road", "...."], explain=True)
    expected = dict(zip(ids.tolist(), (scores - lost).tolist(), strict=True))
    found = {hit.chunk_id: hit.explanation.lexical.score for hit in hits if hit.explanation and hit.explanation.lexical}
    assert found == pytest.approx(expected)
    assert list(found) == sorted(expected, key=lambda chunk_id: -expected[chunk_id])


@pytest.mark.parametrize(("unlike", "said"), [("car", "expected a list"), ([" "], "empty"), ([3], "expected text")])
def test_what_is_no_list_of_texts_is_refused(engine: SearchEngine, unlike: object, said: str) -> None:
    engine.add(["apples"])
    with pytest.raises(InputError, match=said):
        engine.search("apples", unlike=unlike)  # type: ignore[arg-type]


def test_no_negatives_change_nothing(engine: SearchEngine) -> None:
    engine.add(["apples grow", "boats sail"])
    assert engine.search("apples", unlike=[]) == engine.search("apples")
