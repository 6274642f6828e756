from __future__ import annotations

import pytest

from searchkit.cli.optional_values import with_values
from searchkit.search.asking.diversity import DIVERSE_LAMBDA


def test_the_value_that_stands_for_none_is_the_librarys() -> None:
    assert with_values(["--diverse"]) == ["--diverse", str(DIVERSE_LAMBDA)]


@pytest.mark.parametrize(
    ("words", "filled"),
    [
        ("x --diverse", "x --diverse 0.7"),
        ("--diverse 0.5 x", "--diverse 0.5 x"),
        ("--diverse 1 x", "--diverse 1 x"),
        ("--diverse 1.5 x", "--diverse 1.5 x"),  # wrong, and told so
        ("--diverse .5", "--diverse .5"),
        ("--diverse 5 ways to cook", "--diverse 0.7 5 ways to cook"),
        ("--diverse -k 3 x", "--diverse 0.7 -k 3 x"),
        ("--diverse=0.2 x", "--diverse=0.2 x"),
        ("--queries f --trec", "--queries f --trec searchkit"),
        ("--trec mine --queries f", "--trec mine --queries f"),
        ("--trec --diverse", "--trec searchkit --diverse 0.7"),
        ("a -- --diverse", "a -- --diverse"),
        ("--other --words", "--other --words"),
    ],
)
def test_left_out_values_are_filled_in(words: str, filled: str) -> None:
    assert with_values(words.split()) == filled.split()
