from __future__ import annotations

import sys

import numpy as np
import pytest
from themed_corpus import blobs

from searchkit.errors import MissingExtraError
from searchkit.evaluation import v_measure
from searchkit.insight.density import dense_groups


def test_dense_groups_are_found() -> None:
    rows, labels = blobs(5, 60)
    found = dense_groups(rows, 10)
    inside = found >= 0
    assert found.max() == 4
    assert inside.mean() > 0.95
    assert v_measure(labels[inside].tolist(), found[inside].tolist()).v_measure == pytest.approx(1)


def test_groups_that_touch_nowhere_are_found_too() -> None:
    rows = np.repeat(np.eye(3, dtype=np.float32), 50, axis=0)
    found = dense_groups(rows, 10)
    assert [len(set(found[first : first + 50].tolist())) for first in (0, 50, 100)] == [1, 1, 1]


def test_fewer_rows_than_the_smallest_group_are_in_none() -> None:
    assert dense_groups(np.eye(4, dtype=np.float32), 5).tolist() == [-1] * 4


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingExtraError, match=r"searchkit\[eval\]"):
        dense_groups(np.eye(4, dtype=np.float32), 2)
