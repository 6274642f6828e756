"""Counts, sizes and places in words: the same in plain output and on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from searchkit.cli.terminal import one_line
from searchkit.errors import counted

if TYPE_CHECKING:
    from searchkit.types import Hit

_PLACES_SHOWN = 5
_SEPARATORS = tuple("-–—|·:»•")


@dataclass(frozen=True, slots=True)
class Facts:
    """A named list of what is known about one thing: (label, value) in order."""

    title: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names.

    On a terminal the columns named in ``numbers`` are set flush right, and those in ``spare`` left out, the first
    one first, where the window is too narrow for all.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()
    spare: tuple[str, ...] = ()

    def without(self, column: str) -> Table:
        """The table without one of its columns."""
        at = self.columns.index(column)
        rows = tuple(row[:at] + row[at + 1 :] for row in self.rows)
        spare = tuple(name for name in self.spare if name != column)
        return replace(self, columns=self.columns[:at] + self.columns[at + 1 :], rows=rows, spare=spare)


class Level(Enum):
    """How a finding of ``doctor`` is to be taken."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``doctor``: what was looked at, what was found, and what mends it."""

    level: Level
    name: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class HitView:
    """How hits are to be shown: whole chunks or excerpts, the best sentence marked, places as links."""

    full: bool = False
    marked: bool = False
    link: Callable[[Hit], str | None] = lambda _: None


def of_index(command: str, index: str | None) -> str:
    """A command to be typed next, for the index that this one was about."""
    return command if index is None else f"{command} --index {shlex.quote(index)}"


def size_words(size_bytes: int) -> str:
    """``512 B``, ``4.1 kB``, ``23 MB``: decimal units, two digits where that says enough."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 9.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def time_words(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def when(timestamp: str | None) -> str:
    """An ISO 8601 time as a person writes it, ``2026-11-21 04:13 UTC``; nothing for None."""
    if timestamp is None:
        return ""
    minutes = timestamp[:16].replace("T", " ")
    return f"{minutes} UTC" if timestamp.endswith(("+00:00", "Z")) else minutes


def source_name(hit: Hit) -> str:
    """The file a hit comes from, or the document's id where there is no file."""
    return hit.path if hit.path is not None else hit.doc_id


def place(hit: Hit) -> str:
    """Where a person finds the chunk: ``path:line`` as compilers print it, ``path#page=3``, or ``path#record``."""
    name = one_line(source_name(hit))
    if hit.line_start is not None and hit.path is not None:
        return f"{name}:{hit.line_start}"
    if hit.page is not None:
        return f"{name}#page={hit.page}"
    return one_line(hit.doc_id) if hit.doc_id.startswith(f"{hit.path}#") else name


def company(hit: Hit) -> str:
    """What stands behind a hit: ``+3 like this``, ``also at lines 12, 40``; nothing for one alone."""
    parts = [f"+{len(hit.alike)} like this"] if hit.alike else []
    if hit.others:
        lines = [str(other.line_start) for other in hit.others if other.line_start is not None and hit.path is not None]
        pages = [str(other.page) for other in hit.others if other.page is not None]
        where = [("line", lines), ("page", list(dict.fromkeys(pages)))]
        named = next(((noun, places) for noun, places in where if places), None)
        parts.append(f"+{counted(len(hit.others), 'more place')}" if named is None else f"also at {_listed(*named)}")
    return ", ".join(parts)


def _listed(noun: str, places: Sequence[str]) -> str:
    """``line 12``, ``lines 12, 40 and 3 more``."""
    more = f" and {len(places) - _PLACES_SHOWN} more" if len(places) > _PLACES_SHOWN else ""
    return f"{noun}{'s' if len(places) > 1 else ''} {', '.join(places[:_PLACES_SHOWN])}{more}"


def trail(title: str, heading_path: tuple[str, ...]) -> tuple[str, ...]:
    """Title and headings from the outside in; one that only repeats the step before it is left out."""
    steps: list[str] = []
    for step in map(one_line, (title, *heading_path)):
        if step and not (steps and _repeats(step, steps[-1])):
            steps.append(step)
    return tuple(steps)


def _repeats(step: str, before: str) -> bool:
    """ "Install" after "Install", and after "Install - The Manual", as web pages are titled."""
    rest = before.casefold().removeprefix(step.casefold())
    return rest != before.casefold() and (not rest or rest.lstrip()[:1] in _SEPARATORS)
