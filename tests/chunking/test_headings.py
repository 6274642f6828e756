from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from searchkit.chunking import passage_text
from searchkit.chunking.headings import PathFitter
from searchkit.types import Chunk


@pytest.fixture
def plain(tokenizer: Tokenizer) -> Tokenizer:
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def first_line_tokens(plain: Tokenizer, title: str, path: tuple[str, ...]) -> int:
    line = passage_text(title, Chunk("", 0, 0, 1, 1, path))
    return len(plain.encode(line, add_special_tokens=False).ids)


def test_a_path_that_fits_is_left_alone(plain: Tokenizer) -> None:
    assert PathFitter(plain, 16).fit("the index", ["install", "run"]).headings == ("install", "run")


def test_outer_headings_go_first(plain: Tokenizer) -> None:
    path = ["install", "code", "section", "run"]  # two tokens each with their separator, the title three
    assert PathFitter(plain, 10).fit("the index", path).headings == ("code", "section", "run")
    assert PathFitter(plain, 8).fit("the index", path).headings == ("section", "run")


def test_a_long_heading_is_cut_at_a_word(plain: Tokenizer) -> None:
    assert PathFitter(plain, 8).fit("", ["install " * 20]).headings == (
        "install install install install install install…",
    )


def test_a_long_title_is_cut_and_not_said_in_full(plain: Tokenizer) -> None:
    title = "the search " * 30
    fitted = PathFitter(plain, 12).fit(title.strip(), ["install"])
    assert fitted.headings[0].endswith("…")
    assert fitted.headings[1] == "install"
    assert first_line_tokens(plain, title, fitted.headings) <= 12


@pytest.mark.parametrize("title", ["", "the index", "the search " * 30, "zzz" * 60])
@pytest.mark.parametrize("path", [(), ("run",), ("code " * 40,), ("a", "b c d e f g", "h", "index " * 9)])
def test_the_stated_cost_is_never_below_the_real_one(plain: Tokenizer, title: str, path: tuple[str, ...]) -> None:
    fitted = PathFitter(plain, 16).fit(title.strip(), [heading.strip() for heading in path])
    assert first_line_tokens(plain, title, fitted.headings) <= fitted.tokens <= 16
