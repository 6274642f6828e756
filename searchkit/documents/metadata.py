"""Metadata that can be stored: JSON values only, whatever a file calls its fields."""

from __future__ import annotations

import math
from collections.abc import Mapping

from searchkit.documents.encodings import clean
from searchkit.types import MetadataValue

_DEEPEST = 20  # levels of lists and mappings; deeper ones are machine data, of no use to a filter
_MOST_BITS = 10_000  # of a whole number; Python writes none of more than 4,300 digits, and TOML reads it in hexadecimal
LONGEST_TITLE = 300  # characters


def jsonable(value: object, depth: int = 0) -> MetadataValue:
    """``value`` as JSON: text cleaned, numbers finite, dates and other things as text, bottomless nests cut."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):  # truth values too
        return value if value.bit_length() <= _MOST_BITS else None
    if value is None:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {clean(str(key)): jsonable(item, depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple)):
        return [jsonable(item, depth + 1) for item in value]
    return None if isinstance(value, (Mapping, list, tuple)) else clean(str(value))


def metadata(kind: str, fields: Mapping[str, object]) -> dict[str, MetadataValue]:
    """``format`` and the fields that hold something; a field of that name is the file's own and stays."""
    kept = {clean(key): jsonable(value) for key, value in fields.items() if value not in (None, "", [], {})}
    return {"format": kind, **kept}


def one_line(text: str) -> str:
    """``text`` as a title: one line, without control characters, of bounded length."""
    line = " ".join(clean(text[: 4 * LONGEST_TITLE]).split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"
