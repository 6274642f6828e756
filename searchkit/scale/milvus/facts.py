"""What filters ask of a chunk's document, in a form that any version of Milvus compares as SQLite does here.

A JSON field of Milvus compares by rules that differ between versions (missing names, numbers in texts, lists), so the
metadata are prepared when they are sent. Each field, ``year`` or ``author.name`` or ``@path``, has:

    is    tags ``field=#v`` (it is there), ``#L`` (a list), ``#t`` ``#n`` ``#m`` (a text; a number; a number or a text
          that looks like one), ``#T`` ``#N`` ``#M`` (a list with some of these), and its values: ``t:`` as a text,
          ``n:`` a number, ``m:`` by value, ``b:`` true or false
    t, n  the text; the number, also of a text that looks like one
    l     as LIKE sees it: a number as text, a text with the letters of ASCII lowered
    tlo thi nlo nhi mlo mhi   of a list: its least and its greatest text, number, and either

``is`` is there in every row, and a comparison of a value stands behind the tag that says that there is one, so every
condition is true or false and its negation the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from searchkit.store.filters.sql import number_in

if TYPE_CHECKING:
    from searchkit.store.export import ExportedChunk
    from searchkit.types import Metadata, MetadataValue

LARGEST = 1e300  # of a number; beyond it JSON has none
LONGEST_TEXT = 2000  # characters of a value that is compared in order, or by parts; a longer one only as a whole
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PLAIN_VALUE = re.compile(r"[ !#$&(-\[\]-}]{0,60}")  # ASCII without quotes, backslash, % and ~
_LOWERED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def key_of(parts: Iterable[str]) -> str:
    """What a field is called in the facts: by its own name where that needs no escaping, else by a hash."""
    names = tuple(parts)
    if all(_NAME.fullmatch(name) for name in names):
        return ".".join(names)
    return f"~{xxhash.xxh3_128_hexdigest(json.dumps(names).encode())}"


def tag(key: str, kind: str, value: str) -> str:
    """The tag of a value; one that would need escaping is hashed."""
    if _PLAIN_VALUE.fullmatch(value):
        return f"{key}={kind}:{value}"
    return f"{key}={kind}~{xxhash.xxh3_128_hexdigest(value.encode())}"


def number_text(number: int | float) -> str:
    """A number by its value: 2020.0 and 2020 are one."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 2**63 else repr(float(number))


def lowered(text: str) -> str:
    """As LIKE compares: the letters of ASCII without their case."""
    return text.translate(_LOWERED)


@dataclass(slots=True)
class Facts:
    """The facts of one document, and what its fields hold: by key, letters of the tags above, and ``x`` for texts too
    long to be compared by parts."""

    tags: set[str] = field(default_factory=set)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    shapes: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, chunk: ExportedChunk) -> Facts:
        facts = cls()
        built_in = {
            "path": chunk.row.path,
            "title": chunk.row.title,
            "doc_id": chunk.row.doc_id,
            "size": chunk.size,
            "modified": chunk.modified,
        }
        for name, known in built_in.items():
            if known is not None:
                facts._add(f"@{name}", known)
        for parts, value in _fields(chunk.row.metadata):
            facts._add(key_of(parts), value)
        return facts

    def json(self) -> dict[str, object]:
        return {"is": sorted(self.tags), **self.values}

    def _add(self, key: str, value: MetadataValue) -> None:
        self._mark(key, "v")
        if isinstance(value, list):
            self._mark(key, "L")
            for item in value:
                self._add_equal(key, item)
            self._add_range(key, "T", "t", [item for item in value if isinstance(item, str)])
            numbers = [(item, number) for item in value if (number := _number(item)) is not None]
            self._add_range(key, "N", "n", [number for item, number in numbers if not isinstance(item, str)])
            self._add_range(key, "M", "m", [number for _, number in numbers])
        elif not isinstance(value, dict):
            self._add_equal(key, value)
            self._add_one(key, value)

    def _add_one(self, key: str, value: object) -> None:
        number = _number(value)
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            self.shapes[key].add("x")
        elif isinstance(value, str):
            self._mark(key, "t")
            self._put("t", key, value)
            self._put("l", key, lowered(value))
        elif number is not None:
            self._mark(key, "n")
            self._put("l", key, str(value))
        if number is not None:
            self._mark(key, "m")
            self._put("n", key, float(number))

    def _add_equal(self, key: str, value: object) -> None:
        if isinstance(value, bool):
            word = str(value).lower()
            self.tags |= {tag(key, "t", word), tag(key, "b", word)}
        elif isinstance(value, str):
            self.tags.add(tag(key, "t", value))
            if lowered(value) in {"true", "false"}:
                self.tags.add(tag(key, "b", lowered(value)))
        number = _number(value)
        if number is not None:
            self.tags.add(tag(key, "m", number_text(number)))
            if not isinstance(value, str):
                self.tags.add(tag(key, "n", number_text(number)))

    def _add_range(self, key: str, mark: str, name: str, values: list[Any]) -> None:
        if not values:
            return
        self._mark(key, mark)
        if mark == "T" and max(map(len, values)) > LONGEST_TEXT:
            self.shapes[key].add("x")
            return
        least, most = min(values), max(values)
        self._put(f"{name}lo", key, least if mark == "T" else float(least))
        self._put(f"{name}hi", key, most if mark == "T" else float(most))

    def _mark(self, key: str, letter: str) -> None:
        self.tags.add(f"{key}=#{letter}")
        self.shapes.setdefault(key, set()).add(letter)

    def _put(self, name: str, key: str, value: object) -> None:
        self.values.setdefault(name, {})[key] = value


def _fields(metadata: Metadata, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], MetadataValue]]:
    """Every field that is not null, with the way to it; objects themselves too."""
    for name, value in metadata.items():
        if value is None:
            continue
        yield (*above, name), value
        if isinstance(value, Mapping):
            yield from _fields(value, (*above, name))


def _number(value: object) -> int | float | None:
    number = number_in(value) if isinstance(value, str) else value
    if not isinstance(number, int | float) or isinstance(number, bool) or not abs(number) < LARGEST:
        return None
    return number
