"""What the two streams can show, and document text made safe to show on them."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

# Escape sequences in a document must not drive the reader's terminal: control characters become their
# pictures (U+2400 and on), and the marks that reorder a line (U+202A to 202E, U+2066 to 2069) are dropped.
_VISIBLE: dict[int, int | str | None] = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_VISIBLE |= {0x7F: 0x2421}
_VISIBLE |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
_VISIBLE |= dict.fromkeys((*range(8234, 8239), *range(8294, 8298)))
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with control characters shown instead of sent; newlines and tabs stay."""
    return _SURROGATES.sub("\ufffd", text.replace("\r\n", "\n").translate(_VISIBLE))


def one_line(text: str) -> str:
    """The text on one line, with single spaces, safe to show."""
    return visible(" ".join(text.split()))


def wants_rich(stream: TextIO) -> bool:
    """Whether to draw for a person: a terminal that can, or FORCE_COLOR; never under NO_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def read_standard_input() -> str:
    """All of standard input as text; bytes that are none are replaced."""
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return sys.stdin.read()


def make_printable(*streams: TextIO) -> None:
    """Let any document text be written: what the stream's encoding lacks is escaped instead of failing."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
            reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
