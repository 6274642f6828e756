"""What looking over an index and mending it have to tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SAMPLE = 64  # chunks that a deep look asks the encoder and the vectors file for


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written.

    Attributes:
        found: what is wrong, and what was expected.
        documents: the names of documents that it touches, as far as that can be told.
    """

    found: str
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked over.

    Attributes:
        name: ``pages``, ``schema``, ``rows``, ``vectors``, ``index file``, ...
        examined: how much, in words.
    """

    name: str
    examined: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `searchkit verify` found.

    Attributes:
        is_clean: whether there is no problem.
        is_deep: whether the costly checks were made too.
    """

    folder: Path
    is_clean: bool
    is_deep: bool
    checks: tuple[Check, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Loss:
    """A document that is gone, or lacks a part; ``name`` as it was called in the index, "" where that is lost too."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What `searchkit repair` did.

    Attributes:
        actions: each in words; none when nothing was wrong.
        lost: documents that could not be kept whole, by name.
        lost_commits: so many of the last changes are nowhere any more.
        kept_aside: the damaged database, where it was replaced.
    """

    folder: Path
    actions: tuple[str, ...]
    lost: tuple[Loss, ...]
    lost_commits: int
    kept_aside: Path | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What `searchkit backup` or `searchkit restore` wrote."""

    folder: Path
    documents: int
    chunks: int
    size_bytes: int
    updated_at: str | None
    seconds: float
