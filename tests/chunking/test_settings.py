from __future__ import annotations

import pytest

from searchkit.chunking import ChunkSettings
from searchkit.errors import InputError


@pytest.mark.parametrize("wrong", [{"max_tokens": 15}, {"max_tokens": 64, "overlap_tokens": -1}])
def test_a_bound_that_is_too_small_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected"):
        ChunkSettings(**wrong)


def test_a_target_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="target_tokens is 0"):
        ChunkSettings(64, target_tokens=0)
