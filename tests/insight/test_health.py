from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from themed_corpus import MakeEngine, themed_texts
from word_encoder import WordEncoder

from searchkit.errors import InputError
from searchkit.evaluation import effective_rank, hubness, uniformity
from searchkit.insight import health_of
from searchkit.search.asking.topics import unit_rows


def long_document(name: str, words: str) -> dict[str, str]:
    return {"id": name, "text": "\n\n".join(f"{words} part{number}. " * 12 for number in range(8))}


def test_the_figures_are_those_of_the_stored_vectors(make_engine: MakeEngine) -> None:
    engine = make_engine([*themed_texts(each=10), long_document("a", "apples pears plums")])
    found = health_of(engine)
    with engine.corpus() as corpus:
        rows, layout = unit_rows(corpus.vectors()), corpus.layout
    assert (found.chunks, found.of_chunks, found.dimensions) == (len(rows), len(rows), 64)
    assert found.uniformity == pytest.approx(uniformity(rows))
    assert found.effective_rank == pytest.approx(effective_rank(rows))
    assert found.hubness == pytest.approx(hubness(rows))
    nearness = (rows.astype(np.float64) @ rows.T.astype(np.float64)).mean(axis=1)
    assert found.length_bias == pytest.approx(spearmanr(layout.characters, nearness).statistic, abs=0.02)
    cosines = rows @ rows.T - 2 * np.eye(len(rows))
    assert found.duplicate_rate == pytest.approx((cosines.max(axis=1) >= 0.95).mean())


def test_neighbouring_chunks_of_a_document_are_the_positive_pairs(make_engine: MakeEngine) -> None:
    engine = make_engine([*themed_texts(each=4), long_document("a", "apples"), long_document("b", "boats")])
    found = health_of(engine)
    with engine.corpus() as corpus:
        rows, layout = unit_rows(corpus.vectors()), corpus.layout
    apart = []
    for document in set(layout.documents.tolist()):
        own = np.flatnonzero(layout.documents == document)
        own = own[np.argsort(layout.positions[own])]
        apart += ((rows[own[1:]].astype(np.float64) - rows[own[:-1]]) ** 2).sum(axis=1).tolist()
    assert found.pairs == len(apart) > 4
    assert found.alignment == pytest.approx(np.mean(apart))


def test_documents_of_one_chunk_have_no_pairs(make_engine: MakeEngine) -> None:
    found = health_of(make_engine(themed_texts(each=4)))
    assert (found.pairs, found.alignment) == (0, None)


def test_another_encoder_is_measured_on_the_same_chunks(make_engine: MakeEngine) -> None:
    engine = make_engine([*themed_texts(each=30), long_document("a", "apples pears plums")])
    ours, same = health_of(engine, sample=40), health_of(engine, sample=40, encoder=WordEncoder())
    assert ours.chunks == same.chunks <= 40 < ours.of_chunks
    assert same.uniformity == pytest.approx(ours.uniformity, abs=1e-3)
    assert same.alignment == ours.alignment or same.alignment == pytest.approx(ours.alignment, abs=1e-3)
    other = health_of(engine, sample=40, encoder=WordEncoder("another"))
    assert (other.encoder, other.chunks) == ("wordsanother", ours.chunks)
    assert other.uniformity != pytest.approx(ours.uniformity, abs=1e-6)


def test_the_sample_does_not_depend_on_the_order_of_documents(make_engine: MakeEngine) -> None:
    texts = themed_texts(each=20)
    one, other = (health_of(make_engine(order), sample=30) for order in (texts, texts[::-1]))
    assert one == other


def test_equal_chunks_are_a_point(make_engine: MakeEngine) -> None:
    found = health_of(make_engine(["the same words"] * 20))
    assert (found.uniformity, found.effective_rank) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    assert (found.duplicate_rate, found.length_bias) == (1.0, 0.0)


@pytest.mark.parametrize(("texts", "sample"), [([], 100), (["one"], 100), (["x"] * 20, 3)])
def test_too_few_chunks_are_an_error(make_engine: MakeEngine, texts: list[str], sample: int) -> None:
    with pytest.raises(InputError, match="at least 12"):
        health_of(make_engine(texts), sample=sample)
