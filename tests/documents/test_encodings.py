from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.documents import ReadOptions
from searchkit.documents.encodings import clean, clean_lines, decode, is_binary
from searchkit.errors import DocumentRefusedError, InputError

FRENCH = "Le café crème est servi à la terrasse, où l'été s'étire. Ça va très bien."
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю."
JAPANESE = "これは日本語の文章です。検索エンジンのテストに使います。"


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_byte_order_mark_decides_and_is_not_text(mark: bytes, codec: str) -> None:
    data = mark + FRENCH.encode(codec)
    assert not is_binary(data)
    assert decode(data, encoding="latin-1") == FRENCH


@pytest.mark.parametrize(
    ("text", "codec"),
    [(FRENCH, "cp1252"), ("café", "latin-1"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (JAPANESE, "shift_jis")],
)
def test_old_encodings_are_guessed(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text
    assert decode(("plain line\n" * 20_000 + text).encode(codec)).endswith(text)


def test_the_callers_encoding_comes_before_utf8_and_the_declared_one_after() -> None:
    data = "é".encode()
    assert decode(data, encoding="latin-1") == "Ã©"
    assert decode(data, declared="latin-1") == "é"
    assert decode("Ж".encode("cp1251"), declared="cp1251") == "Ж"
    assert decode(data, encoding="ascii") == "é"


@pytest.mark.parametrize("declared", ["punycode", "idna", "unicode_escape", "zlib", "no-such", "x" * 30, "utf-7"])
def test_declared_encodings_that_are_no_charset_are_passed_over(declared: str) -> None:
    assert decode("naïve café".encode("cp1252"), declared=declared) == "naïve café"


@pytest.mark.parametrize("encoding", ["no-such-code", "zlib", "rot13", "hex", "a\0b"])
def test_unknown_encoding_is_an_input_error(encoding: str) -> None:
    with pytest.raises(InputError, match="encoding"):
        ReadOptions(encoding=encoding)


def test_damaged_utf8_stays_utf8() -> None:
    text = RUSSIAN * 3
    assert decode(text.encode()[:-1]).startswith(RUSSIAN)


def test_stray_byte_does_not_cost_a_plain_text() -> None:
    torn = b"```\x84y\n"  # fits no encoding by itself
    plain = "Boil the water and wait.\n"
    assert decode(plain.encode() * 10 + torn) == plain * 10 + "```\ufffdy\n"
    with pytest.raises(DocumentRefusedError, match="not recognised"):
        decode(torn)


def test_bytes_in_no_encoding_are_refused() -> None:
    noise = bytes((i * 7919 + i * i * 31) % 255 + 1 for i in range(4000))
    with pytest.raises(DocumentRefusedError, match="--encoding"):
        decode(noise)


@pytest.mark.parametrize(
    ("raw", "clean_text"),
    [
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\rb", "a\nb"),
        ("a\r\nb\rc", "a\nb c"),
        ("a\0b\x07c\x85d\x7f", "a b c d "),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "red link"),
        ("\ud800x", "\ufffdx"),
    ],
)
def test_lines_stay_and_harm_goes(raw: str, clean_text: str) -> None:
    assert clean_lines(raw) == clean_text


@given(st.text(st.characters()))
def test_cleaning_keeps_length_and_leaves_nothing_harmful(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert "\0" not in cleaned
    cleaned.encode("utf-8")


@pytest.mark.parametrize("head", [b"a\0b", b"\x89PNG\r\n\x1a\n\0", bytes(range(1, 9)) * 4])
def test_binary_is_told_from_text(head: bytes) -> None:
    assert is_binary(head)
    assert not is_binary("Ünïcode\ttext\r\n\x1b[1mbold\f".encode())
    assert not is_binary(b"")
