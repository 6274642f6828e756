"""What is left of a damaged ``searchkit.db``: its rows, each proven by its checksum.

The pages are read by ourselves (`btree`), the log laid over them (`wal`). A row that does not agree with its checksum
is tried again with each of its bits turned round: one flipped bit, the usual gift of an ageing disk, is thus undone.

SQLite's recovery would not do, were it to be had: it knows no checksums of rows, so it hands out altered ones with the
sound, and cannot tell which documents are not whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from searchkit.store.checksums import CHECKED, row_checksum, vector_checksum
from searchkit.store.wreck.btree import (
    KEYS,
    KEYS_INDEX,
    ROWS,
    ROWS_INDEX,
    Cell,
    DatabasePages,
    Value,
    roots_by_name,
    values_of,
)
from searchkit.store.wreck.wal import LogFrame, log_frames

PAGE_SIZE = 4096  # of every database that we make, so also where the file no longer tells
LONGEST_TRIED = 16_384  # bytes of a row; each bit costs 20 microseconds
MOST_TRIED = 200  # rows; where more are damaged, it is more than a bit
_FREE_LIST = slice(32, 36)
_ANY = (ROWS, ROWS_INDEX, KEYS, KEYS_INDEX)
_WITHOUT_ROWID = {"settings"}
_FRACTIONS = {"least"}  # columns of type REAL
_SURROGATE = re.compile("[\ud800-\udfff]")

Row = dict[str, Value]


class Wreck:
    """A damaged database, opened for reading its rows. A context manager.

    Attributes:
        undone: rows in which a flipped bit was found and turned back.
        broken: tables and indexes of which a page makes no sense, as far as they were read.
        has_gaps: whether pages are missing or make no sense at all; known after `stray_rows`.
    """

    def __init__(self, path: Path, columns: Mapping[str, Sequence[str]], *, whole_log: bool) -> None:
        """Open ``path``.

        Args:
            columns: of each table in the order in which they were made.
            whole_log: take what stands in the log behind a damaged place too; not what was never committed.
        """
        self._columns, self._files = columns, ExitStack()
        self.undone = 0
        self._tried = 0
        self.broken: set[str] = set()
        self.has_gaps = False
        self._pages = self._open(path, path.with_name(path.name + "-wal"), whole_log=whole_log)
        self._roots = roots_by_name(self._pages)
        known = self._roots or {f"{table}_inserted": 0 for table in CHECKED}  # a list that is lost is not believed
        self._checked = {table for table in CHECKED if f"{table}_inserted" in known}  # the trigger that fills checksums

    def _open(self, path: Path, log: Path, *, whole_log: bool) -> DatabasePages:
        """The pages of the file, the newer ones that the log has in their place."""
        file = self._files.enter_context(path.open("rb"))
        newer = _newest_pages(log, whole=whole_log) if log.is_file() else {}
        log_file = self._files.enter_context(log.open("rb")) if newer else file
        size = next((frame.size for frame in newer.values()), 0) or _page_size(file.read(20))
        length = file.seek(0, 2)

        def read(number: int) -> bytes:
            source, at = (log_file, newer[number].at) if number in newer else (file, (number - 1) * size)
            source.seek(at)
            return source.read(size)

        return DatabasePages(read, max([-(-length // size), *newer]), size)

    @property
    def tables(self) -> frozenset[str]:
        """The names of tables and indexes, as far as the list of them can be read."""
        return frozenset(self._roots)

    def __enter__(self) -> Wreck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def rows(self, table: str) -> Iterator[Row]:
        """The sound rows that the tree of a table leads to."""
        for cell in self._cells(table):
            row = self._row(table, cell)
            if row is not None:
                yield row

    def stray_rows(self) -> Iterator[tuple[str, Row]]:
        """The sound rows on pages that no tree leads to any more, though they are not free, each with its table.

        After all else: the pages that lead nowhere are those that nothing has led to.
        """
        for name, root in self._roots.items():
            if name not in CHECKED and root > 0:
                for _ in self._pages.tree(root):
                    pass  # only to see which pages it takes
        known = self._pages.visited | self._pages.unused(int.from_bytes(self._pages.page(1)[_FREE_LIST], "big"))
        unread = set[int]()
        for number in range(2, self._pages.count + 1):
            found = None if number in known else self._pages.cells(number, _ANY)
            if found is None and number not in known:
                unread.add(number)
            for cell in found[0] if found is not None else ():
                yield from self._by_checksum(cell)
        self.has_gaps = self._pages.reaches_beyond or bool(unread - self._pages.visited)  # overflow pages of strays

    def entries(self, index: str) -> Iterator[list[Value]]:
        """What stands in an index of a table: a second copy of some columns and the row's key. Not proven."""
        for cell in self._cells(index):
            values = values_of(cell.record)
            if values is not None and _is_storable(values):
                yield values

    def _cells(self, name: str) -> Iterator[Cell]:
        tree = self._pages.tree(self._roots.get(name, 0))
        yield from tree
        if tree.is_broken:
            self.broken.add(name)

    def _row(self, table: str, cell: Cell) -> Row | None:
        row = self._read(table, cell)
        if row is None and table in self._checked:
            row = self._with_a_bit_turned(table, cell)
            self.undone += row is not None
        return row

    def _read(self, table: str, cell: Cell) -> Row | None:
        values, columns = values_of(cell.record), self._columns[table]
        if values is None or len(values) > len(columns) or (cell.rowid is None) != (table in _WITHOUT_ROWID):
            return None
        if cell.rowid is not None:
            values[0] = cell.rowid
        row = dict(zip(columns, values + [None] * (len(columns) - len(values)), strict=True))
        for column in _FRACTIONS & row.keys():  # which SQLite keeps as whole numbers where they are
            value = row[column]
            row[column] = float(value) if isinstance(value, int) else value
        is_believed = _is_sound(table, row) if table in self._checked else _is_storable(row.values())
        return row if is_believed else None

    def _with_a_bit_turned(self, table: str, cell: Cell) -> Row | None:
        if len(cell.record) > LONGEST_TRIED or self._tried >= MOST_TRIED:
            return None
        self._tried += 1
        for candidate in _neighbours(cell):
            row = self._read(table, candidate)
            if row is not None:
                return row
        return None

    def _by_checksum(self, cell: Cell) -> Iterator[tuple[str, Row]]:
        for table in self._checked:
            row = self._read(table, cell)
            if row is not None:
                yield table, row


def _newest_pages(log: Path, *, whole: bool) -> dict[int, LogFrame]:
    """The pages that the log has newer, as of its last commit."""
    committed: dict[int, LogFrame] = {}
    open_pages: dict[int, LogFrame] = {}
    for frame in log_frames(log):
        if not frame.is_sound and not whole:
            break
        open_pages[frame.page] = frame
        if frame.commits:
            committed.update(open_pages)
            open_pages.clear()
    return committed


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return size if size >= 512 and size & (size - 1) == 0 else PAGE_SIZE


def _is_sound(table: str, row: Row) -> bool:
    values = [row[column.strip('"')] for column in CHECKED[table]]
    try:
        checksum = vector_checksum(*values) if table == "embeddings" else row_checksum(*values)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return checksum == row["checksum"]


def _is_storable(values: Iterable[Value]) -> bool:
    """Whether all text among them is text: where a flipped bit made it no UTF-8, `values_of` leaves surrogates."""
    return not any(isinstance(value, str) and _SURROGATE.search(value) for value in values)


def _neighbours(cell: Cell) -> Iterator[Cell]:
    """The row with each of its bits turned round, one at a time."""
    record = bytearray(cell.record)
    for bit in range(8 * len(record)):
        record[bit // 8] ^= 1 << bit % 8
        yield Cell(cell.rowid, bytes(record))
        record[bit // 8] ^= 1 << bit % 8
    if cell.rowid is not None:
        yield from (Cell(cell.rowid ^ 1 << bit, cell.record) for bit in range(40))
