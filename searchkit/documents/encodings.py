"""Bytes -> text whose lines are the file's lines and that is harmless to store and to show.

A byte order mark decides; then the encoding the caller named, UTF-8, the encoding the file declares, and a
guess from its bytes (charset-normalizer). Line ends become ``\\n``; other control characters become spaces,
one for one, so that positions and line numbers hold.
"""

from __future__ import annotations

import codecs
import re

from searchkit.errors import DocumentRefusedError

SNIFFED_BYTES = 8192
_GUESSED_BYTES = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ASCII = bytes(range(128))
_TEXT_CONTROLS = b"\b\t\n\f\r\x1b"
_OTHER_CONTROLS = bytes(set(range(32)) - set(_TEXT_CONTROLS)) + b"\x7f"
_MOST_CONTROLS = 0.05  # share of a text's bytes; random bytes have a tenth
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"})
_STRAY_BYTES = 0.02  # share of a text
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TERMINAL_CODE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a file are not text: a NUL (as git decides), or too many control codes."""
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return False
    head = head[:SNIFFED_BYTES]
    controls = len(head) - len(head.translate(None, _OTHER_CONTROLS))
    return b"\0" in head or controls > _MOST_CONTROLS * len(head)


def decode(data: bytes, *, encoding: str | None = None, declared: str | None = None) -> str:
    """The text of ``data``, cleaned.

    Args:
        encoding: the caller's word, tried before UTF-8.
        declared: what the file says of itself, tried after UTF-8, which is seldom valid by accident.

    Raises:
        DocumentRefusedError: no encoding fits.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return clean_lines(data[len(mark) :].decode(name, "replace"))
    for candidate in (encoding, "utf-8", declared):
        text = _strict(data, candidate) if candidate else None
        if text is not None:
            return clean_lines(text)
    return clean_lines(_damaged_utf8(data) or _guessed(data))


def clean_lines(text: str) -> str:
    """``text`` with ``\\n`` as its only line end, without terminal codes and control characters."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\n" not in text:
            text = text.replace("\r", "\n")
    if "\x1b" in text:
        text = _TERMINAL_CODE.sub("", text)
    return clean(text)


def clean(text: str) -> str:
    """``text`` with control characters as spaces and lone surrogates as U+FFFD; its length stays."""
    text = _HARMFUL.sub(" ", text)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _strict(data: bytes, name: str) -> str | None:
    try:
        if codecs.lookup(name).name.replace("_", "-") in _NOT_CHARSETS:
            return None  # Python's escapes, and host names, whose decoding takes quadratic time
        return data.decode(name)
    except (LookupError, ValueError):
        return None


def _damaged_utf8(data: bytes) -> str | None:
    """UTF-8 with a few bad bytes (a log cut inside a character) stays UTF-8."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(data.translate(None, bytes(range(128, 256)))) - bad
    return text if good >= 10 * bad else None


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(_telling_lines(data), enable_fallback=False)
    best = matches.best()
    if best is None and len(data.translate(None, _ASCII)) <= _STRAY_BYTES * len(data):
        return data.decode("utf-8", "replace")  # a stray byte or two in a plain text
    if best is None:
        raise DocumentRefusedError("its encoding is not recognised; name it with --encoding")
    ties = [m for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)]
    names = {name for match in ties for name in match.could_be_from_charset}
    # Short Western texts fit many code pages equally well, and one of them is far more common.
    return data.decode("cp1252" if "cp1252" in names else best.encoding, "replace")


def _telling_lines(data: bytes) -> bytes:
    """The first lines with bytes beyond ASCII: all that tells one encoding from another."""
    kept: list[bytes] = []
    room = _GUESSED_BYTES
    for line in data.split(b"\n"):
        if line.translate(None, _ASCII):
            kept.append(line[:room])
            room -= len(line)
        if room <= 0:
            break
    return b"\n".join(kept)
