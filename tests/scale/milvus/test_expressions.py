"""Expressions that no comparison with the exact index reaches."""

from __future__ import annotations

import pytest

from searchkit.scale.milvus.expressions import NOTHING, Translator
from searchkit.scale.milvus.version import Version
from searchkit.store.filters.where import condition_of

LARGEST = "1.7976931348623157e+308"


@pytest.mark.parametrize(
    ("where", "bound"),
    [
        ("n < '1e999'", f"<= {LARGEST}"),
        ("n <= '1e999'", f"<= {LARGEST}"),
        ("n > '-1e999'", f">= -{LARGEST}"),
        ("n >= '-1e999'", f">= -{LARGEST}"),
        ("n > '1e999'", NOTHING),
        ("n <= '-1e999'", NOTHING),
    ],
)
def test_a_number_too_large_for_one_is_not_written(where: str, bound: str) -> None:
    found = Translator(where, ["n"], {"n": "n"}, Version.parse("2.4.0")).of(condition_of(where))
    assert "Infinity" not in found
    assert bound in found
