from __future__ import annotations

import pytest

from searchkit.search.asking.marking import matched_spans
from searchkit.store import parse_query, plain_query


def marked(text: str, query: str) -> list[str]:
    found = plain_query(query)
    assert found is not None
    return [text[start:end] for start, end in matched_spans(text, found)]


def asked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in matched_spans(text, parse_query(query))]


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Rename a branch. Branches, renamed!", "renaming branch", ["Rename", "branch", "Branches", "renamed"]),
        ("nothing here", "branch", []),
        ("set max_retries=3", "max retries", ["max_retries"]),
        ("set maxRetries to (3)", "max_retries", ["maxRetries"]),
        ("Ein Café, bitte", "cafe", ["Café"]),
        ("fullwidth ｃａｆｅ!", "cafe", ["ｃａｆｅ"]),
        ("東京都に住む", "京都", ["京都"]),
    ],
)
def test_words_are_marked_as_the_index_knows_them(text: str, query: str, expected: list[str]) -> None:
    assert marked(text, query) == expected


def test_a_phrase_is_marked_as_a_whole_and_only_where_it_is_whole() -> None:
    assert asked("rename a branch; branch a rename", '"rename a branch"') == ["rename a branch"]


def test_a_beginning_marks_the_whole_word() -> None:
    assert asked("configuration and config, not conf", "config*") == ["configuration", "config"]


def test_what_is_excluded_is_not_marked() -> None:
    assert asked("apples and boats", "apples -pears") == ["apples"]


def test_spans_ascend_and_do_not_overlap() -> None:
    text = "undo a commit, undo the last commit"
    spans = matched_spans(text, parse_query('"undo a commit" commit undo'))
    assert [text[start:end] for start, end in spans] == ["undo a commit", "undo", "commit"]
