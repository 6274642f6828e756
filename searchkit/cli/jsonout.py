"""JSON for programs, and still safe on a terminal that happens to show it."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

# What JSON lets through unescaped although a terminal or a line reader acts on it. Each can stand only inside
# a string, where its \u form is the same value.
_RISKY = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def show_array(items: Iterable[object]) -> None:
    """One array, one element a line: valid JSON that line tools can read too."""
    lines = ",\n".join(to_json(item) for item in items)
    sys.stdout.write(f"[\n{lines}\n]\n" if lines else "[]\n")


def show_lines(items: Iterable[object]) -> None:
    """One object a line, written as it comes."""
    for item in items:
        sys.stdout.write(to_json(item) + "\n")


def to_json(item: object) -> str:
    """The item on one line; dataclasses become objects, paths text, numbers that JSON has not null."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    plain = asdict(item) if is_dataclass(item) and not isinstance(item, type) else item
    try:
        text = json.dumps(plain, ensure_ascii=ascii_only, default=_plain, allow_nan=False)
    except ValueError:  # infinity, or not a number, in somebody's metadata or figures
        text = json.dumps(_finite(plain), ensure_ascii=ascii_only, default=_plain)
    return _RISKY.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no JSON form")
