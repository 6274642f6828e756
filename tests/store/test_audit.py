from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from searchkit.store import StoreWriter
from searchkit.store.audit import StoreAudit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    StoreWriter(tmp_path / "searchkit.db").close()
    return tmp_path / "searchkit.db"


@pytest.mark.parametrize(
    ("statements", "findings"),
    [
        ([], []),
        (["ALTER TABLE _sqlite_migrations ADD COLUMN more", "CREATE INDEX other ON _sqlite_migrations (name)"], []),
        (["DROP TABLE _sqlite_migrations"], ["the table _sqlite_migrations is missing"]),
        (["DROP INDEX chunks_by_passage"], ["the index chunks_by_passage is missing"]),
        (["CREATE TABLE theirs (x)"], ["the table theirs is not ours"]),
        (["ALTER TABLE roots ADD COLUMN more"], ["the table roots was altered"]),
    ],
)
def test_tables_are_compared_with_those_of_a_new_database(
    path: Path, statements: list[str], findings: list[str]
) -> None:
    """The list of migrations is that of sqlite-utils, whose next version may make it otherwise."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    with StoreAudit.opened(path) as audit:
        assert audit.schema() == findings
