from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.chunking import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["The index is built.", "Then it is searched!", "Is it fast?", "Yes."],
        ["Dr. Smith and Mrs. Jones met J. R. Hartley.", "They left."],
        ["Use a cache, e.g. Redis, i.e. a server.", "It helps."],
        ["Version 3.11.2 costs 4.5 MB.", "See https://example.org/a.b?c=d.e for more.", "Or run foo.bar()."],
        ["Acme Inc. Chairman Lee spoke.", "He works for Acme Inc.", "The board agreed."],
        ["They live in the U.S. Army base.", "We moved to the U.S.", "It was far."],
        [
            "See Fig. 3 and Sec. IV, as in No. 5 of Dec. 1999.",
            "Open the app.",
            "Then press no.",
            "Nothing else.",
        ],
        ['"Is it so?" he asked.', '"It is."', "(It was not.)", "Well…", "Perhaps."],
        ["It was built in 1999.", "Nobody used it."],
        ["Wait... what is this?", "A test...", "Maybe."],
        ["He met Smith et al.", "They talked."],
        ["Was it 5 p.m. or 6 a.m. already?", "No!"],
    ],
)
def test_english_ends_where_a_reader_would_end_it(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_chinese_and_japanese_need_no_spaces() -> None:
    assert sentences("索引已建立。现在搜索！快吗？是的。") == [
        "索引已建立。",
        "现在搜索！",
        "快吗？",
        "是的。",
    ]
    assert sentences("「行く。」と言った。終わり。") == ["「行く。」と言った。", "終わり。"]


def test_hindi_and_arabic_marks_end_sentences() -> None:
    assert sentences("यह एक है। यह दो है।") == ["यह एक है।", "यह दो है।"]
    assert sentences("هل هذا سؤال؟ نعم.") == ["هل هذا سؤال؟", "نعم."]


def test_a_wrapped_line_goes_on_and_a_list_item_begins() -> None:
    text = "one sentence\nover two lines\n- first item\n- second item\n2. third\n| a | row |"
    assert sentences(text) == [
        "one sentence\nover two lines",
        "- first item",
        "- second item",
        "2. third",
        "| a | row |",
    ]


def test_a_blank_line_ends_a_sentence_without_a_mark() -> None:
    assert sentences("Heading\n \n\ntext goes on") == ["Heading", "text goes on"]


def test_a_numbered_item_keeps_its_number() -> None:
    assert sentences("1. Install it. 2 users did.\na. Run it.") == [
        "1. Install it.",
        "2 users did.",
        "a. Run it.",
    ]


def test_a_text_without_words_has_no_sentences() -> None:
    assert sentence_spans("") == []
    assert sentence_spans(" \n\t ") == []


def test_hostile_runs_take_linear_time() -> None:
    # each of these is quadratic for a careless pattern: minutes instead of milliseconds
    for hostile in (
        "." * 200_000 + "x",
        ".'" * 100_000,
        "\n " * 100_000 + "x",
        " " * 200_000 + "x",
        "。”" * 100_000,
    ):
        assert sentence_spans(hostile)


@given(st.text(alphabet=st.sampled_from("aB1 .!?…。」\"'\n-|)(é中\u00a0"), max_size=200))
def test_spans_hold_every_character_that_is_not_space(text: str) -> None:
    end_before = 0
    covered = set()
    for start, end in sentence_spans(text):
        assert end_before <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
        end_before = end
    assert all(text[at].isspace() for at in range(len(text)) if at not in covered)
