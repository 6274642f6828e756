from __future__ import annotations

import numpy as np

from searchkit.chunking.splitting import pieces
from searchkit.chunking.tokens import TokenMap
from searchkit.types import Block, BlockKind


def split(text: str, kind: BlockKind, limit: int) -> list[str]:
    """Pieces with one token a character that is not space."""
    tokens = TokenMap(np.array([at for at, mark in enumerate(text) if not mark.isspace()], np.int64))
    return [text[p.start : p.end] for p in pieces(text, Block(kind, 0, len(text)), tokens, limit)]


def test_a_block_that_fits_stays_whole() -> None:
    assert split("One. Two.", BlockKind.PARAGRAPH, 8) == ["One. Two."]


def test_prose_is_cut_at_sentences() -> None:
    assert split("One. Two. Three.", BlockKind.PARAGRAPH, 8) == ["One.", "Two.", "Three."]


def test_a_long_sentence_is_cut_at_words() -> None:
    assert split("alpha beta gamma delta", BlockKind.PARAGRAPH, 12) == ["alpha beta", "gamma delta"]


def test_an_endless_word_is_cut_at_tokens() -> None:
    assert split("a" * 25, BlockKind.PARAGRAPH, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_code_is_cut_at_blank_lines_then_at_line_ends() -> None:
    code = "def f():\n    one\n\ndef g():\n    two\n    three\n    four"
    expected = ["def f():\n    one", "def g():", "    two", "    three", "    four"]
    assert split(code, BlockKind.CODE, 12) == expected


def test_a_minified_line_of_code_is_cut_at_words() -> None:
    assert split("a=1; b=2; c=3;", BlockKind.CODE, 9) == ["a=1; b=2;", "c=3;"]
