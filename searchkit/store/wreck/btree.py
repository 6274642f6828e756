"""Reading the rows of an SQLite file that SQLite itself gives up on: page by page, cell by cell, believing nothing.

    page    type (13 rows, 5 their index, 10 and 2 the same of a WITHOUT ROWID table), number of cells, where they are
    cell    of rows: size of the record, rowid, record; what does not fit stands in a chain of overflow pages
    record  size of its header, a type for each value, the values

A page that makes no sense is skipped and remembered; a cell that makes no sense is skipped. What comes out is checked
by its checksum later, so that guesses do no harm. https://www.sqlite.org/fileformat2.html

SQLite's own way, ``.recover``, and the table ``sqlite_dbpage`` under it are parts of its shell, not of the library that
Python is linked with; plain SELECTs end at the first page that makes no sense and give up all rows behind it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

HEADER_SIZE = 100
ROWS, ROWS_INDEX, KEYS, KEYS_INDEX = 13, 5, 10, 2
_INTERIOR = (ROWS_INDEX, KEYS_INDEX)
_LARGEST_RECORD = 1 << 30
_WIDTHS = (0, 1, 2, 3, 4, 6, 8)

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A row as it stands: ``rowid`` None in a WITHOUT ROWID table."""

    rowid: int | None
    record: bytes


class DatabasePages:
    """The pages of a file, by number from 1.

    Attributes:
        visited: the pages that some tree was seen to reach.
        reaches_beyond: whether something led past the end of the file.
    """

    def __init__(self, read: Callable[[int], bytes], count: int, size: int) -> None:
        """Pages of ``size`` bytes, ``count`` of them, that ``read`` gives by number."""
        self._read, self.count, self.size = read, count, size
        self.visited: set[int] = set()
        self.reaches_beyond = False

    def tree(self, root: int) -> Tree:
        """The rows of the table that begins on a page."""
        return Tree(self, root)

    def page(self, number: int) -> bytes:
        self.reaches_beyond = self.reaches_beyond or number > self.count
        return self._read(number) if 1 <= number <= self.count else b""

    def cells(self, number: int, kinds: tuple[int, ...]) -> tuple[list[Cell], list[int]] | None:
        """The rows of a page and the pages below it; None where it is no page of these kinds."""
        data = self.page(number)
        start = HEADER_SIZE if number == 1 else 0
        if len(data) != self.size or data[start] not in kinds:
            return None
        kind, cells = data[start], int.from_bytes(data[start + 3 : start + 5], "big")
        first = start + (12 if kind in _INTERIOR else 8)
        if first + 2 * cells > self.size:
            return None
        rows: list[Cell] = []
        below: list[int] = []
        for (at,) in struct.iter_unpack(">H", data[first : first + 2 * cells]):
            if kind in _INTERIOR:
                below.append(int.from_bytes(data[at : at + 4], "big"))
                at += 4
            if kind != ROWS_INDEX:
                cell = self._cell(data, at, kind)
                rows += [] if cell is None else [cell]
        if kind in _INTERIOR:
            below.append(int.from_bytes(data[start + 8 : start + 12], "big"))
        return rows, below

    def _cell(self, data: bytes, at: int, kind: int) -> Cell | None:
        try:
            length, at = varint(data, at)
            rowid = None
            if kind == ROWS:
                rowid, at = varint(data, at)
            record = self._record(data, at, length, kind)
        except IndexError:
            return None
        return None if record is None else Cell(rowid, record)

    def _record(self, data: bytes, at: int, length: int, kind: int) -> bytes | None:
        if not 0 < length <= min(_LARGEST_RECORD, self.count * self.size):
            return None
        most = self.size - 35 if kind == ROWS else (self.size - 12) * 64 // 255 - 23
        if length <= most:
            record = data[at : at + length]
            return record if len(record) == length else None
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        here = here if here <= most else least
        return self._overflow(data[at : at + here], int.from_bytes(data[at + here : at + here + 4], "big"), length)

    def _overflow(self, record: bytes, following: int, length: int) -> bytes | None:
        parts, have = [record], len(record)
        seen: set[int] = set()
        while have < length:
            page = self.page(following)
            if not page or following in seen:
                return None
            seen.add(following)
            parts.append(page[4 : 4 + length - have])
            have += len(parts[-1])
            following = int.from_bytes(page[:4], "big")
        self.visited |= seen
        return b"".join(parts)

    def unused(self, first_trunk: int) -> set[int]:
        """The pages of the list of free ones, as far as it can be followed."""
        free: set[int] = set()
        trunk = first_trunk
        while len(page := self.page(trunk)) == self.size and trunk not in free:
            free.add(trunk)
            count = min(int.from_bytes(page[4:8], "big"), self.size // 4 - 2)
            free.update(number for (number,) in struct.iter_unpack(">I", page[8 : 8 + 4 * count]))
            trunk = int.from_bytes(page[:4], "big")
        return free


class Tree:
    """One table: iterate over its cells; ``is_broken`` tells afterwards whether a page made no sense."""

    def __init__(self, pages: DatabasePages, root: int) -> None:
        self._pages, self._root = pages, root
        self.is_broken = False

    def __iter__(self) -> Iterator[Cell]:
        waiting, seen = [self._root], set[int]()
        kinds: tuple[int, ...] = (ROWS, ROWS_INDEX, KEYS, KEYS_INDEX)
        while waiting:
            number = waiting.pop()
            found = None if number in seen else self._pages.cells(number, kinds)
            if found is None:
                self.is_broken = True
                continue
            seen.add(number)
            self._pages.visited.add(number)
            rows, below = found
            yield from rows
            waiting.extend(reversed(below))


def values_of(record: bytes) -> list[Value] | None:
    """The values of a record; None where it is none."""
    try:
        header, at = varint(record, 0)
        place, values = header, []
        while at < header:
            kind, at = varint(record, at)
            width = _width(kind)
            values.append(_value(kind, record[place : place + width], width))
            place += width
    except (IndexError, ValueError):
        return None
    return values if at == header and place == len(record) else None


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends: seven bits a byte, eight in the ninth.

    Raises:
        IndexError: the data end before.
    """
    number = 0
    for used in range(8):
        byte = data[at + used]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + used + 1
    number = number << 8 | data[at + 8]
    return number - (1 << 64) if number >= 1 << 63 else number, at + 9


def _width(kind: int) -> int:
    if kind < 0 or kind in (10, 11):
        raise ValueError("no such type")
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else 0 if kind in (8, 9) else _WIDTHS[kind]


def _value(kind: int, data: bytes, width: int) -> Value:
    if len(data) != width:
        raise ValueError("cut short")
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind < 12:
        return int.from_bytes(data, "big", signed=True)
    return data.decode("utf-8", "surrogateescape") if kind % 2 else data


def roots_by_name(pages: DatabasePages) -> Mapping[str, int]:
    """Where each table and index begins, as far as the list of them on the first page can be read."""
    roots: dict[str, int] = {}
    for cell in pages.tree(1):
        values = values_of(cell.record)
        if values is not None and len(values) == 5 and isinstance(values[1], str) and isinstance(values[3], int):
            roots[values[1]] = values[3]
    return roots
