"""The texts of ``searchkit model bench``: a file's lines, or passages put together from everyday questions."""

from __future__ import annotations

from pathlib import Path

from searchkit.errors import InputError
from searchkit.search.asking.everyday import QUESTIONS

LENGTHS = (1, 1, 2, 4, 8, 14)  # questions a passage, in turn: from a heading to a full chunk
PASSAGES = 240
QUERIES = 40


def passages_of(file: Path | None) -> list[str]:
    """The lines of a file that hold something; without one, passages of mixed lengths."""
    if file is None:
        return _everyday()
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no UTF-8 text (byte {error.start})", hint="save it as UTF-8") from error
    return [line for line in lines if line]


def queries() -> list[str]:
    """Questions as people type them."""
    return list(QUESTIONS[:QUERIES])


def _everyday() -> list[str]:
    cycle = [*QUESTIONS, *QUESTIONS, *QUESTIONS]
    return [" ".join(cycle[first : first + LENGTHS[first % len(LENGTHS)]]) for first in range(PASSAGES)]
