from __future__ import annotations

import numpy as np
import pytest
from themed_corpus import MakeEngine, themed_texts
from word_encoder import WordEncoder

from searchkit.errors import InputError
from searchkit.insight import find_outliers, neighbours
from searchkit.insight.outliers import _exact_nearness


def test_what_is_like_no_other_is_found_with_its_mean_cosine(make_engine: MakeEngine) -> None:
    texts = [*themed_texts(each=30), {"id": "stray", "text": "zygote quark xenon"}]
    found = find_outliers(make_engine(texts))
    assert found.passages[0].doc_id == "stray"
    assert (found.chunks, found.below) == (121, len(found.passages))
    rows = WordEncoder().encode_passages([text["text"] for text in texts])
    cosines = np.sort(rows[:-1] @ rows[-1])[::-1]
    assert found.passages[0].cosine == pytest.approx(cosines[:10].mean(), abs=2e-3)
    assert found.passages[0].cosine < found.fence < found.typical


def test_at_most_as_many_as_asked_for_the_most_alone_first(make_engine: MakeEngine) -> None:
    strays = [{"id": f"stray{number}", "text": f"zygote{number} quark{number}"} for number in range(5)]
    found = find_outliers(make_engine([*themed_texts(each=30), *strays]), most=2)
    assert len(found.passages) == 2
    assert found.below >= 5
    assert found.passages[0].cosine <= found.passages[1].cosine


def test_a_searched_graph_gives_the_same_figures(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine([*themed_texts(each=30), "zygote quark xenon"])
    exact = find_outliers(engine)
    monkeypatch.setattr(neighbours.neighbour_graph, "__kwdefaults__", {"exact_rows": 10})
    searched = find_outliers(engine)
    assert [one.doc_id for one in searched.passages][:1] == [one.doc_id for one in exact.passages][:1]
    assert searched.passages[0].cosine == pytest.approx(exact.passages[0].cosine, abs=1e-6)


def test_nearness_is_the_mean_of_the_nearest() -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]]
    rows[1] = [0.6, 0.8, 0, 0]
    np.testing.assert_allclose(_exact_nearness(rows, np.array([0, 1, 3]), 2), [0.3, 0.7, 0.0], atol=1e-6)


@pytest.mark.parametrize("texts", [["one"], ["one", "two"], ["the same"] * 20])
def test_few_and_equal_texts_have_no_outliers(make_engine: MakeEngine, texts: list[str]) -> None:
    assert find_outliers(make_engine(texts)).passages == ()


def test_an_index_without_chunks_is_an_error(make_engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="holds no chunks"):
        find_outliers(make_engine([]))
