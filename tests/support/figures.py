"""What the long fault tests did, kept: a line each in results/faults.json, and the table of them in faults.md.

A run of some of the tests renews their lines alone, so that the long run can be made in parts. A test that fails has no
line any more.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

IS_LONG = os.environ.get("SEARCHKIT_FAULTS") == "long"
SEED = int(os.environ.get("SEARCHKIT_FAULTS_SEED", "1"))
HEAD = """# Faults made on purpose

Written by `make faults`, which fails where a line does not hold; a short version of each is part of `make test`. What
is promised, and by which test it is held: [RELIABILITY.md](../RELIABILITY.md), [SECURITY.md](../SECURITY.md). A line
that is missing here has not been through its long run.

| what was done | what came of it | test, seed | seconds, day |
|---|---|---|---|
"""
FOUND = {
    "test_verify: damage_that_sqlite_quotes_is_a_finding_though_it_is_no_text": "`verify` and searches ended with a "
    "traceback where a flipped bit made SQLite's own message undecodable",
    "lexical/test_search: words_that_do_not_fit_together_are_damage": "a search by words ended with a traceback where "
    "a flipped bit took away the length of a chunk",
    "test_wildcards: stars_without_end_are_not_tried_in_every_way": "ten stars in one line of a `.gitignore` held up "
    "an index run for ever",
    "test_parsers: settings_on_which_the_language_chokes_are_refused": "brackets in brackets, links in a circle and "
    "numbers without end in a project's `searchkit.toml` ended in tracebacks",
    "lexical/test_query: a_text_without_end_takes_no_more_work_than_what_is_read_of_it": "a megabyte with signs as a "
    "lexical query took seconds to minutes",
    "test_hostile: a_link_in_an_index_folder_is_never_followed": "links in an index folder of a stranger made commands "
    "read and write elsewhere",
}


class Figures:
    """The lines of the tests that ran."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._kept, self._table, self._seed = folder / "results" / "faults.json", folder / "faults.md", seed
        self._told: dict[str, dict[str, object]] = {}
        self._has_passed: dict[str, bool] = {}

    def tell(self, test: str, what: str, outcome: str, seconds: float) -> None:
        day = datetime.now(timezone.utc).date().isoformat()
        self._told[test] = {
            "what": what,
            "outcome": outcome,
            "seed": self._seed,
            "seconds": round(seconds),
            "day": day,
            "machine": _machine(),
        }

    def judge(self, test: str, *, has_passed: bool) -> None:
        self._has_passed[test] = has_passed and self._has_passed.get(test, True)

    def write(self) -> None:
        """Lay the lines of this run over those that are kept."""
        lines = json.loads(self._kept.read_text(encoding="utf-8")) if self._kept.exists() else {}
        lines |= {test: line for test, line in self._told.items() if self._has_passed.get(test)}
        lines = {test: line for test, line in sorted(lines.items()) if self._has_passed.get(test, True)}
        self._kept.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self._table.write_text(HEAD + "".join(map(_row, lines.items())) + _machines(lines) + _found(), encoding="utf-8")


def _row(item: tuple[str, dict[str, object]]) -> str:
    test, line = item
    name = test.removeprefix("test_").replace(".py::test_", ": ")
    return f"| {line['what']} | {line['outcome']} | `{name}`, {line['seed']} | {line['seconds']:,}, {line['day']} |\n"


def _machines(lines: dict[str, dict[str, object]]) -> str:
    return "".join(
        f"\nMeasured on {machine}.\n" for machine in dict.fromkeys(line["machine"] for line in lines.values())
    )


def _found() -> str:
    rows = "".join(f"| {what} | `{test}` |\n" for test, what in FOUND.items())
    return f"\n## Found this way\n\n| what went wrong | held by |\n|---|---|\n{rows}"


def _machine() -> str:
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {versions}"
