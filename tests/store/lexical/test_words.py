from __future__ import annotations

import re
import sys

import pytest

from searchkit.store.lexical.words import indexed_words, names_in, prefix_forms

TOKEN = re.compile(r"(?:[0-9a-z]|[^\x00-\x7f])+")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Renaming Branches", "renam branch"),
        ("snake_case", "snake case snakecas"),
        ("camelCase", "camel case camelcas"),
        ("HTTPServer2", "http server 2 httpserver2"),
        ("--dry-run", "dri run dryrun"),
        ("a.b.c", "a b c abc"),
        ("foo__bar", "foo bar foobar"),
        ("src/foo/bar.py", "src foo bar py srcfoobarpi"),
        ("std::vector", "std vector stdvector"),
        ("E1234 0x80070005", "e1234 0x80070005"),
        ("on 2026-11-21, 3.5 kg", "on 2026 11 21 3 5 kg"),
        ("user's don’t", "user don t"),
        ("Ｃａｆé ﬁne Straße İstanbul", "cafe fine strass istanbul"),
        ("hello—world (again)", "hello world again"),
        ("🎉 \ud800 \0 -- ... ___", ""),
    ],
)
def test_a_text_has_these_words(text: str, words: str) -> None:
    assert indexed_words(text) == words


def test_a_run_without_spaces_is_indexed_as_pairs_and_its_last_character() -> None:
    assert indexed_words("日本語 학교에서 中 ไทย") == "日本 本語 語 학교 교에 에서 서 中 ไท ทย ย"
    assert indexed_words("使用getName方法") == "使用 用 get name 方法 法 getnam"


def test_a_name_is_one_however_it_is_written() -> None:
    wholes = {next(iter(names_in(text))).whole for text in ("max_retries", "maxRetries", "MAX_RETRIES", "max-retries")}
    assert wholes == {"maxretri"} == {indexed_words("maxretries")}


def test_every_character_gives_words_that_the_index_keeps_whole() -> None:
    for block in range(0, sys.maxunicode + 1, 256):
        text = " ".join(f"a{chr(code)}b" for code in range(block, block + 256))
        assert all(TOKEN.fullmatch(word) for word in indexed_words(text).split(" "))


def test_data_is_no_endless_word() -> None:
    assert max(map(len, indexed_words("QUJD" * 10_000 + " " + "x" * 10_000).split())) <= 64


def test_words_do_not_depend_on_what_was_analysed_before() -> None:
    texts = ["getName 日本語", "x" * 100 + "_y", "Ünïcode"]
    first = [indexed_words(text) for text in texts]
    assert [indexed_words(text) for text in reversed(texts)] == first[::-1]


def test_a_beginning_also_finds_stems_that_are_shorter() -> None:
    assert prefix_forms("organiz") == ("organiz", "organ")
    assert prefix_forms("cache") == ("cache", "cach")
    assert prefix_forms("config") == ("config",)
