from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from searchkit.store.wreck.btree import DatabasePages, Tree, roots_by_name, values_of, varint

PAGE = 512


def pages_of(file: Path | bytes, size: int = PAGE) -> DatabasePages:
    data = file.read_bytes() if isinstance(file, Path) else file
    return DatabasePages(lambda number: data[(number - 1) * size : number * size], len(data) // size, size)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Every kind of value, long and short, in tables of several levels and in one without rowids."""
    draw = random.Random(3)
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, a, b, c, d)")
        connection.execute("CREATE TABLE keys (name TEXT PRIMARY KEY, value) WITHOUT ROWID")
        for number in range(300):
            values = [None, 0, 1, -(2 ** draw.randrange(63)), 2 ** draw.randrange(63), draw.random()]
            values += ["é" * draw.randrange(40), "long " * draw.randrange(900), draw.randbytes(draw.randrange(3000))]
            draw.shuffle(values)
            connection.execute("INSERT INTO rows (a, b, c, d) VALUES (?, ?, ?, ?)", values[:4])
            connection.execute("INSERT INTO keys VALUES (?, ?)", [f"name {number}" * draw.randrange(1, 90), values[5]])
        connection.execute("DELETE FROM rows WHERE id % 7 = 3")
    return path


def rows_of(tree: Tree) -> list[list[object]]:
    found = []
    for cell in tree:
        values = values_of(cell.record)
        assert values is not None
        found.append(values if cell.rowid is None else [cell.rowid, *values[1:]])
    return found


@pytest.mark.parametrize("table", ["rows", "keys"])
def test_a_sound_file_gives_what_sqlite_gives(database: Path, table: str) -> None:
    pages = pages_of(database)
    tree = pages.tree(roots_by_name(pages)[table])
    with closing(sqlite3.connect(database)) as connection:
        expected = [list(row) for row in connection.execute(f"SELECT * FROM {table}")]
    assert sorted(rows_of(tree), key=repr) == sorted(expected, key=repr)
    assert not tree.is_broken


def test_every_page_is_reached_or_free(database: Path) -> None:
    pages = pages_of(database)
    for root in [1, *roots_by_name(pages).values()]:
        list(pages.tree(root))
    free = pages.unused(int.from_bytes(database.read_bytes()[32:36], "big"))
    assert free
    assert pages.visited | free == set(range(1, pages.count + 1))
    assert not pages.visited & free


def test_a_page_that_makes_no_sense_costs_its_own_rows_alone(database: Path) -> None:
    pages = pages_of(database)
    root = roots_by_name(pages)["rows"]
    _, below = pages.cells(root, (5,)) or ([], [])
    data = bytearray(database.read_bytes())
    torn = below[0]
    data[(torn - 1) * PAGE : torn * PAGE] = bytes(PAGE)
    damaged = pages_of(bytes(data))
    tree = damaged.tree(root)
    lost = len(rows_of(pages.tree(root))) - len(list(tree))
    assert tree.is_broken
    assert 0 < lost < 300


@pytest.mark.parametrize("length", [0, 3, 41, PAGE - 1])
def test_a_list_of_free_pages_that_was_cut_short_has_none(length: int) -> None:
    page = (bytes(4) + (9).to_bytes(4, "big") + bytes(PAGE))[:length]
    assert DatabasePages(lambda _: page, 1, PAGE).unused(1) == set()


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_makes_it_fail_or_run_on(database: Path, seed: int) -> None:
    draw = random.Random(seed)
    data = bytearray(database.read_bytes())
    for _ in range(draw.choice([1, 10, 1000])):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    pages = pages_of(bytes(data[: draw.choice([len(data), draw.randrange(len(data))])]))
    pages.unused(draw.randrange(pages.count + 2))
    for root in [1, *roots_by_name(pages).values()]:
        for cell in pages.tree(root):
            values_of(cell.record)


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\x00", 0), (b"\x7f", 127), (b"\x81\x00", 128), (b"\xff" * 9, -1), (b"\x80" * 8 + b"\x01", 1)],
)
def test_numbers_of_variable_length(data: bytes, number: int) -> None:
    assert varint(data + b"rest", 0) == (number, len(data))
    with pytest.raises(IndexError):
        varint(data[:-1], 0)


@pytest.mark.parametrize(
    "record", [b"", b"\x02", b"\x02\x0a", b"\x02\x17ab", b"\x02\x13abcd", b"\x09\x01", b"\xff" * 9]
)
def test_what_is_no_record_has_no_values(record: bytes) -> None:
    assert values_of(record) is None
