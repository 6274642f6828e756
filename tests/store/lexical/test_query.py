from __future__ import annotations

import sqlite3
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.errors import QueryError
from searchkit.store import LexicalQuery, parse_query, plain_query
from searchkit.store.lexical.query import MOST_READ, MOST_TERMS, Term
from searchkit.store.lexical.words import LONGEST_WORD, _indexed, _kept_name

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # NUL and halves of pairs among them
SIGNS = st.text(st.sampled_from("ab中 \"*+-_.'():^{}é\0"), max_size=30)


def planned(query: LexicalQuery | None) -> LexicalQuery:
    assert query is not None
    return query


def accept(*phrases: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'ascii')")
    for phrase in phrases:
        connection.execute("SELECT rowid FROM words WHERE words MATCH ?", [phrase]).fetchall()
    connection.close()


@settings(deadline=None, max_examples=300)
@given(ANY_TEXT | SIGNS)
def test_no_text_breaks_the_syntax_of_fts5(text: str) -> None:
    query = plain_query(text)
    if query is not None:
        accept(query.match)


@settings(deadline=None, max_examples=300)
@given(SIGNS)
def test_a_query_with_signs_is_understood_or_refused(text: str) -> None:
    place: int | None = 0
    try:
        query = parse_query(text)
        accept(*(phrase for term in (*query.wanted, *query.required, *query.excluded) for phrase in term.phrases))
    except QueryError as error:
        place = error.position
    assert place in range(len(text) + 1)


def test_text_without_a_word_asks_nothing() -> None:
    assert [plain_query(text) for text in ("", " ", "?!", "🎉", "\0", "\ud800", '"" - *')] == [None] * 7


def test_words_that_hold_a_sentence_together_are_left_out_while_there_are_others() -> None:
    assert planned(plain_query("what is the name of the branch?")).terms == ("name", "branch")
    assert planned(plain_query("to be or not to be")).terms == ("not",)
    assert planned(plain_query("What is it")).terms == ("What", "is", "it")


def test_a_word_counts_as_often_as_it_is_written() -> None:
    assert planned(plain_query("rename names, rename")).phrases == ('"renam"', '"name"', '"renam"')


def test_a_name_is_looked_up_whole_and_in_parts() -> None:
    assert planned(plain_query("HTTPServer2")).terms == ("HTTPServer2", "HTTP", "Server")
    assert planned(plain_query("well-known")).wanted == (Term("well-known", ('"well known"',)),)
    assert planned(plain_query("3.5")).match == '"3 5"'


def test_a_long_text_is_looked_up_by_a_bounded_number_of_terms() -> None:
    text = " ".join(f"word{number}" for number in range(100_000))
    assert len(planned(plain_query(text)).wanted) == MOST_TERMS == len(parse_query(text).wanted)


@pytest.mark.parametrize("words", ["the ", "a-", "1.", "中", "aB", "é"])
def test_of_a_text_without_end_a_beginning_is_read(words: str) -> None:
    short, long = (words * (count // len(words)) for count in (MOST_READ, 40 * MOST_READ))
    assert plain_query(short) == plain_query(long)
    if plain_query(long):
        assert parse_query(long) == parse_query(short)
    assert len(query.match if (query := plain_query(long)) else "") < 8 * MOST_TERMS * LONGEST_WORD


def test_what_has_a_sign_is_never_passed_over_however_late_it_stands() -> None:
    query = parse_query(f'{"filler " * 9000} +must -"must not" beg*')
    assert query.required == (Term("must", ('"must"',)),)
    assert query.excluded == (Term("must not", ('"must not"',)),)
    assert {"filler", "must", "beg*"} == set(query.terms)
    assert len(query.wanted) == MOST_TERMS


@pytest.mark.parametrize("said", ["+must", "-must", '"must not"', "mus*"])
@pytest.mark.parametrize("before", [MOST_READ - 2, MOST_READ - 1, MOST_READ, 3 * MOST_READ])
def test_what_has_a_sign_is_an_error_beyond_what_is_read(said: str, before: int) -> None:
    text = "a" * (before - 1) + f" {said} and more"
    with pytest.raises(QueryError, match="after the first 65,536 characters") as caught:
        parse_query(text)
    assert before <= caught.value.position < before + len(said)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("+word " * (MOST_TERMS + 1), "with signs"),
        ("apples" + " -word" * (MOST_TERMS + 1), "with signs"),
        ('"two words" ' * (MOST_TERMS + 1), "with signs"),
        (f'"{"word " * (MOST_TERMS + 1)}"', "in a row"),
        ("+" + "中" * 1000, "in a row"),
        ("+" + "a-" * 1000, "in a row"),
    ],
)
def test_more_signs_than_can_be_looked_up_are_an_error(text: str, problem: str) -> None:
    with pytest.raises(QueryError, match=f"more than {MOST_TERMS} words.*{problem}"):
        parse_query(text)


@pytest.mark.parametrize("item", ["+{}", "-{}", "{}*", '"{}"'])
@pytest.mark.parametrize("filler", ["a", "a-b_", "中", "\u0301", "\ufdfa"])
def test_a_single_item_without_end_is_an_error(item: str, filler: str) -> None:
    assert len(unicodedata.normalize("NFKC", "\ufdfa")) == 18  # the most that a character becomes
    with pytest.raises(QueryError, match="more than 4,096 characters"):
        parse_query(item.format("e" + filler * (5000 // len(filler))))


@pytest.mark.parametrize("ask", [plain_query, parse_query])
@pytest.mark.parametrize(
    "filler", ["apples ", "the ", "a-", "a.b_", "中", "中 ", "e\u0301", "\ufdfa", "\ufdfa ", "!? ", "aB1"]
)
def test_a_text_without_end_takes_no_more_work_than_what_is_read_of_it(
    ask: Callable[[str], object], filler: str
) -> None:
    once, many = (work(ask, filler * (times * MOST_READ // len(filler))) for times in (1, 16))
    assert many < 1.01 * once + 100 < 2_500_000


def work(ask: Callable[[str], object], text: str) -> int:
    """How many calls are made in answering."""
    count = 0

    def called(*_: object) -> None:
        nonlocal count
        count += 1

    _indexed.cache_clear()
    _kept_name.cache_clear()
    sys.setprofile(called)
    try:
        ask(text)
    except QueryError:
        pass
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("text", ["rename a branch", "well-known --dry-run", "a+b C++ 日本語", "the", "what is it?"])
def test_without_signs_both_ask_the_same(text: str) -> None:
    assert parse_query(text) == plain_query(text)


def test_signs_say_what_has_to_be_there_and_what_must_not() -> None:
    query = parse_query('branch "rename the" +git -"remote branch" -svn')
    assert query.terms == ("branch", "rename the", "git")
    assert query.required == (Term("git", ('"git"',)),)
    assert query.excluded == (Term("remote branch", ('"remot branch"',)), Term("svn", ('"svn"',)))


def test_a_star_asks_for_a_beginning() -> None:
    assert parse_query("conf*").wanted == (Term("conf*", ('"conf"*',)),)
    assert parse_query("max_ret*").wanted == (Term("max_ret*", ('"maxret"*', '"max ret"*')),)
    assert parse_query("organiz*").match == '"organiz"* OR "organ"'


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ('rename "a branch', 7, "never closed"),
        ("rename - branch", 7, "stands alone"),
        ("rename +", 7, "stands alone"),
        ('rename "!!"', 7, "no word in these quotes"),
        ("rename -(", 7, "no word after"),
        ("rename a*", 7, "2 letters"),
        ("-rename", 0, "must not occur"),
        ("?", 0, "no word"),
    ],
)
def test_broken_syntax_is_pointed_at(text: str, position: int, problem: str) -> None:
    with pytest.raises(QueryError, match=problem) as caught:
        parse_query(text)
    assert caught.value.position == position
    assert caught.value.message.splitlines()[-1] == "  " + " " * position + "^"
    assert caught.value.hint
