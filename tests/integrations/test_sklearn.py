from __future__ import annotations

import pickle

import numpy as np
import pytest
from word_encoder import WordEncoder

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from searchkit import load_encoder
from searchkit.errors import InputError, ShapeError
from searchkit.integrations import sklearn as ours
from searchkit.integrations.sklearn import SearchkitTransformer

FRUIT = ["apples grow on trees", "pears and apples", "ripe apples", "apples in a basket", "a tree of apples", "apples"]
SHIPS = ["boats sail the sea", "ships and boats", "old boats", "boats in the harbour", "a fleet of boats", "boats"]
TEXTS, LABELS = FRUIT + SHIPS, [0] * len(FRUIT) + [1] * len(SHIPS)


@pytest.fixture
def transformer(encoder: WordEncoder) -> SearchkitTransformer:
    return SearchkitTransformer(encoder)


def test_rows_are_those_of_the_encoder(transformer: SearchkitTransformer, encoder: WordEncoder) -> None:
    np.testing.assert_array_equal(transformer.fit_transform(TEXTS), encoder.encode_passages(TEXTS))
    np.testing.assert_array_equal(transformer.fit_transform(iter(TEXTS)), encoder.encode_passages(TEXTS))
    assert transformer.transform([]).shape == (0, 64)


def test_texts_come_as_lists_series_and_arrays(transformer: SearchkitTransformer, encoder: WordEncoder) -> None:
    pandas = pytest.importorskip("pandas")
    expected = encoder.encode_passages(TEXTS)
    frame = pandas.DataFrame({"text": TEXTS})
    for given in (frame["text"], frame, np.array(TEXTS), np.array(TEXTS, object)[:, None], tuple(TEXTS), iter(TEXTS)):
        transformer.fit(TEXTS)
        np.testing.assert_array_equal(transformer.transform(given), expected)


@pytest.mark.parametrize("given", ["a text", [1, 2], ["a", None], ["a", float("nan")], [b"a"], [["a"]]])
def test_what_is_no_text_is_refused(transformer: SearchkitTransformer, given: object) -> None:
    with pytest.raises(InputError, match="X"):
        transformer.fit(given)
    with pytest.raises(InputError, match="X"):
        transformer.fit(TEXTS).transform(given)


def test_more_than_one_column_is_refused(transformer: SearchkitTransformer) -> None:
    with pytest.raises(ShapeError, match=r"\(1, 2\)"):
        transformer.fit(np.array([["a", "b"]]))


def test_fewer_columns_are_unit_rows_again(encoder: WordEncoder) -> None:
    rows = SearchkitTransformer(encoder, dimension=8).fit_transform(TEXTS)
    kept = encoder.encode_passages(TEXTS)[:, :8]
    np.testing.assert_allclose(rows, kept / np.linalg.norm(kept, axis=1, keepdims=True), atol=1e-6)
    assert SearchkitTransformer(encoder, dimension=8).fit(TEXTS).get_feature_names_out()[[0, 7]].tolist() == [
        "searchkit0",
        "searchkit7",
    ]


def test_settings_are_checked_when_fitted(encoder: WordEncoder) -> None:
    for settings in ({"role": "title"}, {"dimension": 0}, {"dimension": 65}):
        with pytest.raises(InputError, match=next(iter(settings))):
            SearchkitTransformer(encoder, **settings).fit(TEXTS)


def test_queries_and_passages_have_their_own_prompts(encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "encode_queries", lambda texts: encoder._encode([f"query {text}" for text in texts]))
    rows = SearchkitTransformer(encoder, role="query").fit_transform(["apples"])
    np.testing.assert_array_equal(rows, encoder.encode_passages(["query apples"]))


def test_it_has_to_be_fitted_first(transformer: SearchkitTransformer) -> None:
    for look in (transformer.get_feature_names_out, lambda: transformer.transform(TEXTS)):
        with pytest.raises(NotFittedError):
            look()
    with pytest.raises(NotFittedError):
        clone(transformer.fit(TEXTS)).transform(TEXTS)


def test_a_clone_has_the_same_settings_and_shares_the_encoder() -> None:
    settings = {"model": load_encoder(), "role": "query", "dimension": 8}
    assert clone(SearchkitTransformer(**settings)).get_params() == settings


def test_a_pickle_holds_no_encoder_that_a_name_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []

    def load(model: object) -> WordEncoder:
        loads.append(model)
        return WordEncoder()

    monkeypatch.setattr(ours, "loaded", load)
    fitted = SearchkitTransformer("some/model").fit(TEXTS)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    assert loads == ["some/model"] * 2
    np.testing.assert_array_equal(again.transform(TEXTS), fitted.transform(TEXTS))
    assert pickle.loads(pickle.dumps(SearchkitTransformer("some/model"))).get_params()["model"] == "some/model"  # noqa: S301


def test_a_pipeline_learns_and_a_grid_search_chooses(encoder: WordEncoder) -> None:
    pipeline = make_pipeline(SearchkitTransformer(encoder), LogisticRegression(C=10))
    assert pipeline.fit(TEXTS, LABELS).predict(["sweet apples", "slow boats"]).tolist() == [0, 1]
    search = GridSearchCV(pipeline, {"searchkittransformer__dimension": [1, 64]}, cv=3).fit(TEXTS, LABELS)
    assert search.best_params_ == {"searchkittransformer__dimension": 64}


def test_a_column_of_a_table_is_embedded(encoder: WordEncoder) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": TEXTS, "words": [len(text.split()) for text in TEXTS]})
    columns = ColumnTransformer([("text", SearchkitTransformer(encoder), "text")], remainder="passthrough")
    columns.set_output(transform="pandas")
    found = columns.fit_transform(table)
    assert list(found.columns[[0, 63, 64]]) == ["text__searchkit0", "text__searchkit63", "remainder__words"]
    np.testing.assert_allclose(found.iloc[:, :64], encoder.encode_passages(TEXTS), atol=1e-7)


CHECKS = [
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimator_repr",
    "check_estimator_cloneable",
    "check_valid_tag_types",
    "check_estimator_tags_renamed",
    "check_mixin_order",
]  # those of scikit-learn's own that ask for no table of numbers


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_an_estimator_to_scikit_learn(name: str) -> None:
    getattr(estimator_checks, name)("SearchkitTransformer", SearchkitTransformer())


def test_without_a_model_it_is_the_bundled_encoder() -> None:
    texts = ["how do I undo a commit?"]
    np.testing.assert_array_equal(SearchkitTransformer().fit_transform(texts), load_encoder().encode_passages(texts))
