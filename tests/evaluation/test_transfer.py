from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from searchkit.errors import EvaluationError, MissingExtraError
from searchkit.evaluation import Labelled, LabelledSet, evaluate_transfer
from searchkit.evaluation.transfer import features

Encoders = Callable[..., Any]


def made_up(labels: str, count: int) -> tuple[Labelled, ...]:
    return tuple(Labelled((f"word{label} noise{n % 7}",), label) for n in range(count) for label in labels)


def test_a_word_that_tells_the_label_is_read_off(encoder: Encoders) -> None:
    pytest.importorskip("sklearn")
    report = evaluate_transfer(encoder(), LabelledSet("made up", made_up("abb", 20), made_up("abb", 3)))
    assert report.accuracy == 1
    assert report.majority == pytest.approx(2 / 3)
    assert (report.train, report.test) == (60, 9)


def test_one_label_is_no_task(encoder: Encoders) -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(EvaluationError, match="fewer than two labels"):
        evaluate_transfer(encoder(), LabelledSet("made up", made_up("a", 20), made_up("a", 3)))


def test_a_pair_becomes_difference_and_product(encoder: Encoders) -> None:
    table = {"a": [3.0, 4.0], "b": [4.0, 3.0]}
    found = features(encoder(table), (Labelled(("a", "b"), "1"),))
    np.testing.assert_allclose(found, [[0.2, 0.2, 0.48, 0.48]], atol=1e-6)


def test_without_scikit_learn_the_extra_is_named(encoder: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match="scikit-learn is not installed"):
        evaluate_transfer(encoder(), LabelledSet("made up", made_up("ab", 2), made_up("ab", 1)))
