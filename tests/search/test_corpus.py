from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from word_encoder import WordEncoder

from searchkit import SearchEngine
from searchkit.errors import FilterError

TEXTS = [f"document number {number} about thing {number % 3}" for number in range(20)]


def filled(folder: Path, encoder: WordEncoder, order: list[int]) -> SearchEngine:
    engine = SearchEngine.open_or_create(folder, encoder=encoder)
    engine.add([{"id": f"d{number}", "text": TEXTS[number], "thing": number % 3, "tags": ["x"]} for number in order])
    return engine


def test_rows_are_the_vectors_of_their_chunks(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add(TEXTS)
    with engine.corpus() as corpus:
        texts = [chunk.text for chunk in corpus.chunks(corpus.layout.ids)]
        expected = encoder.encode_passages(texts).astype(np.float16)
        np.testing.assert_array_equal(corpus.vectors(), expected)
        np.testing.assert_array_equal(corpus.layout.characters, [len(text) for text in texts])


def test_the_order_depends_on_the_texts_alone(tmp_path: Path, encoder: WordEncoder) -> None:
    orders = [list(range(20)), np.random.default_rng(7).permutation(20).tolist()]
    seen = []
    for number, order in enumerate(orders):
        with filled(tmp_path / str(number), encoder, order) as engine, engine.corpus() as corpus:
            seen.append([chunk.text for chunk in corpus.chunks(corpus.layout.ids)])
    assert seen[0] == seen[1]
    assert seen[0] != TEXTS


def test_equal_passages_have_one_number(engine: SearchEngine) -> None:
    engine.add(["same words", "other words", "same words"])
    with engine.corpus() as corpus:
        texts = [chunk.text for chunk in corpus.chunks(corpus.layout.ids)]
        numbers = dict(zip(texts, corpus.layout.passages.tolist(), strict=True))
        assert len(set(corpus.layout.passages.tolist())) == len(numbers) == 2


def test_the_state_does_not_change_within_the_block(engine: SearchEngine) -> None:
    engine.add(["one"])
    with engine.corpus() as corpus:
        engine.add(["two"])
        assert len(corpus.layout.ids) == len(corpus.vectors()) == 1
    with engine.corpus() as corpus:
        assert len(corpus.layout.ids) == 2


def test_an_empty_index_has_no_rows(engine: SearchEngine, encoder: WordEncoder) -> None:
    engine.add([])
    with engine.corpus() as corpus:
        assert corpus.layout.ids.shape == (0,)
        assert corpus.vectors().shape == (0, encoder.dimension)


def test_field_values_come_in_the_order_of_the_rows(tmp_path: Path, encoder: WordEncoder) -> None:
    with filled(tmp_path / "index", encoder, list(range(20))) as engine, engine.corpus() as corpus:
        numbers = [int(chunk.doc_id[1:]) for chunk in corpus.chunks(corpus.layout.ids)]
        assert corpus.field_values("thing") == [number % 3 for number in numbers]
        assert corpus.field_values("doc_id") == [f"d{number}" for number in numbers]
        assert corpus.field_values("tags") == [["x"]] * 20
        assert corpus.field_values("path") == [None] * 20
        with pytest.raises(FilterError) as caught:
            corpus.field_values("thng")
    assert "did you mean thing?" in caught.value.hint
    assert "tags" in caught.value.hint
