"""What is read, how, and what could not be: the data that travel between walking, reading and the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from searchkit.errors import InputError

DEFAULT_MAX_BYTES = 50 * 1024 * 1024


def size_in_words(size: int) -> str:
    """A number of bytes as a person reads it: ``2,300 bytes``, ``0.954 MiB``, ``3,072 MiB``."""
    mebibytes = size / (1 << 20)
    if mebibytes < 0.1:
        return f"{size:,} bytes"
    return f"{mebibytes:,.0f} MiB" if mebibytes >= 100 else f"{mebibytes:.3g} MiB"


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """Which files of a folder are taken.

    Attributes:
        globs: gitignore patterns on the path relative to the folder; when any is given, only files that
            match (or lie in a folder that does) are taken.
        excludes: gitignore patterns; what matches is left out, folders with everything below them.
        hidden: whether names that begin with a dot are taken too.
        use_ignore_files: whether ``.gitignore``, ``.searchkitignore`` and the usual heaps of other people's
            files (``node_modules``, virtual environments, caches) are left out.
        max_bytes: larger files are refused, and packed ones that unpack to more.
    """

    globs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    hidden: bool = False
    use_ignore_files: bool = True
    max_bytes: int = DEFAULT_MAX_BYTES

    def __post_init__(self) -> None:
        if self.max_bytes < 1:
            raise InputError(f"max_bytes is {self.max_bytes}, expected 1 or more")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files become documents.

    Attributes:
        text_fields: fields of records (CSV, TSV, JSON, JSON Lines, parquet) that hold the text, joined in this order;
            guessed when empty.
        title_field: the field that holds a record's title; guessed when None.
        id_field: the field that names a record; its number when None.
        encoding: tried first for text that carries no byte order mark.

    Raises:
        InputError: ``encoding`` is not a text encoding that Python knows.
    """

    text_fields: tuple[str, ...] = ()
    title_field: str | None = None
    id_field: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is None:
            return
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError) as exc:
            raise InputError(
                f"unknown text encoding {self.encoding!r}", hint="for example utf-8, latin-1, shift_jis"
            ) from exc


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Attributes:
        path: the name shown to people, with ``/``.
        file: where it lies on this machine.
        size: bytes, when it was found.
        mtime_ns: modification time, when it was found.
        max_bytes: what it may unpack to, where it is packed.
    """

    path: str
    file: Path
    size: int
    mtime_ns: int
    max_bytes: int = DEFAULT_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that cannot be read, and why, in a few words that do not repeat the path."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that a walk passes over, and the rule that says so; a folder's path ends in ``/``."""

    path: str
    rule: str
