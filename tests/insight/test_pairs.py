from __future__ import annotations

import numpy as np
import pytest
from themed_corpus import blobs, scattered

from searchkit.insight import pairs as module
from searchkit.insight.pairs import join_groups, similar_pairs


@pytest.mark.parametrize("threshold", [0.3, 0.8, 0.99])
@pytest.mark.parametrize("blocks", [(1024, 8192), (16, 32)])
def test_the_pairs_are_those_of_the_whole_matrix(
    threshold: float, blocks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DOWN", blocks[0])
    monkeypatch.setattr(module, "_ACROSS", blocks[1])
    rows = np.concatenate([blobs(3, 30, spread=0.5)[0], scattered(20), blobs(1, 1)[0], blobs(1, 1)[0]])
    cosines = rows.astype(np.float64) @ rows.T.astype(np.float64)
    wanted = set(zip(*np.nonzero(np.triu(cosines >= threshold, 1)), strict=True))
    found = list(similar_pairs(rows, threshold))
    places = [pair for some in found for pair in zip(some.first.tolist(), some.second.tolist(), strict=True)]
    assert len(places) == len(set(places))
    assert set(places) == wanted
    for some in found:
        np.testing.assert_allclose(some.cosines, cosines[some.first, some.second], atol=1e-7)


def test_the_bound_is_never_below_the_cosine() -> None:
    rows = np.concatenate([blobs(4, 20)[0], scattered(40)])
    bounding = module._bounding(rows)
    assert bounding.shape[1] < rows.shape[1] / 2
    assert (bounding @ bounding.T - rows @ rows.T > -1e-6).all()


def test_pairs_join_into_groups() -> None:
    group = join_groups(np.arange(7), np.array([5, 1, 2]), np.array([6, 2, 4]))
    assert group.tolist() == [0, 1, 1, 3, 1, 5, 5]
    assert join_groups(group, np.array([4]), np.array([5])).tolist() == [0, 1, 1, 3, 1, 1, 1]


def test_a_long_chain_is_one_group() -> None:
    order = np.random.default_rng(0).permutation(99)
    assert set(join_groups(np.arange(100), order, order + 1).tolist()) == {0}
