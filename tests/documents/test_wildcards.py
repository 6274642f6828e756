from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from searchkit.documents.ignore import Rules
from searchkit.documents.wildcards import FEW, is_slow, linear

PIECES = ["a", "b", "ab", "*", "**", "?", "[ab]", "[]a]", "/", "/**/", "**/", "\\*", ".", "+", "(", "$"]
NAMES = ["a", "b", "ab", "ba", "aab", ".", "*", "abab", "]", "+", "(", "$", "a\n"]


def regex_of(pattern: str) -> str:
    (found,) = GitIgnoreSpec.from_lines([pattern]).patterns
    return found.regex.pattern if isinstance(found.regex, re.Pattern) else "."


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join),
)
def test_a_pattern_means_what_it_means_to_pathspec(pattern: str, path: str) -> None:
    regex = regex_of(pattern)
    assume(regex != ".")
    whole = regex.replace("(?:(?P<ps_d>/)|$)", r"\Z") if regex.endswith("$)") else f"{regex}."
    test = linear(regex)
    assert test is not None
    is_above = regex.endswith("(?P<ps_d>/)")
    assert test(path) == (not is_above and re.match(whole, path, re.DOTALL) is not None)


@pytest.mark.parametrize(
    "pattern", ["*a" * 50 + "b", "**/a/" * 50 + "b", "*" * 50 + "/" + "*a?" * 50 + "[b]", "*a" * 50 + "b//"]
)
def test_stars_without_end_are_not_tried_in_every_way(pattern: str) -> None:
    """By backtracking each of these would take longer than there is time."""
    assert is_slow(regex_of(pattern.rstrip("/")))
    rules = Rules([pattern])
    assert rules.decide("a" * 250, is_folder=True) is None
    assert rules.decide("/".join("a" * 1000), is_folder=True) is None


def test_what_people_write_is_left_to_pathspec() -> None:
    for pattern in ("*.py[cod]", "**/node_modules/", "docs/**/*.md", "/build", "!keep.*", "*~"):
        assert not is_slow(regex_of(pattern))
    assert FEW == 2
