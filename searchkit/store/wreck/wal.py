"""Reading SQLite's write-ahead log ourselves: where SQLite stops at the first wrong checksum, more may be told.

    header   magic, format, page size, checkpoint number, two salts, two checksums: 8 big-endian 32-bit numbers
    frame    page number, pages of the database after this commit or 0, the salts, two checksums; then the page

Each frame's checksum begins with the one before. So one wrong frame hides all that follow; yet whether a frame agrees
with the checksum that *stands* in the frame before can be told of each alone. Frames of an older use of the file have
other salts. A wrong header hides them all; one flipped bit of it is found and turned back.
https://www.sqlite.org/fileformat2.html#the_write_ahead_log

SQLite has no call that tells this: a log that is damaged in its middle looks to it like one that ends there, and the
commits behind, which were acknowledged, would be gone without a word.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

_HEADER = struct.Struct(">8I")
_SUMMED = 24  # bytes of the header that its checksum is of
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682  # checksums over little-endian words; the last bit set: over big-endian ones
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class LogFrame:
    """A page as a transaction left it.

    Attributes:
        page: its number in the database.
        at: where in the log it stands, ``size`` bytes.
        commits: whether the transaction ended with it.
    """

    page: int
    at: int
    size: int
    commits: bool
    is_sound: bool


@dataclass(frozen=True, slots=True)
class _Header:
    """What holds for all frames: bytes a page, how checksums read words, the salts, and the checksum to begin with."""

    size: int
    order: str
    salts: tuple[int, int]
    checksum: tuple[int, int]
    is_sound: bool


def log_frames(path: Path) -> Iterator[LogFrame]:
    """The frames of the log in order, up to where it ends or an older use of the file begins."""
    with path.open("rb") as file:
        header = _header_of(file)
        if header is None:
            return
        size, before = header.size, header.checksum
        while len(head := file.read(_FRAME.size)) == _FRAME.size and len(data := file.read(size)) == size:
            page, size_after, salt_1, salt_2, *stated = _FRAME.unpack(head)
            if (salt_1, salt_2) != header.salts:
                return
            expected = _checksum(head[:8] + data, header.order, before)
            before = (stated[0], stated[1])
            yield LogFrame(page, file.tell() - size, size, size_after > 0, expected == before)


def has_damage(path: Path) -> bool:
    """Whether header or a frame are not as the checksum says: of damage, or of a last write that was cut off."""
    try:
        return _is_header_damaged(path) or any(not frame.is_sound for frame in log_frames(path))
    except FileNotFoundError:
        return False


def hidden_commits(path: Path) -> int:
    """How many commits stand in the log behind a damaged place, where SQLite does not look for them.

    A frame that a writer is in the midst of looks damaged too: so where there are some, they are counted again.
    """
    return _hidden_commits(path) and _hidden_commits(path)


def _hidden_commits(path: Path) -> int:
    hidden = 0
    try:
        is_hidden = _is_header_damaged(path)
        for frame in log_frames(path):
            hidden += is_hidden and frame.commits and frame.is_sound
            is_hidden = is_hidden or not frame.is_sound
    except FileNotFoundError:
        return 0
    return hidden


def _is_header_damaged(path: Path) -> bool:
    with path.open("rb") as file:
        header = _header_of(file)
    return header is not None and not header.is_sound


def _header_of(file: BinaryIO) -> _Header | None:
    """What a header says, a flipped bit in it turned back; None where it is none. Frames are read next."""
    data, first = file.read(_HEADER.size), file.read(_FRAME.size)
    file.seek(_HEADER.size)
    found = _read_header(data)
    if (found is not None and found.is_sound) or len(data) + len(first) < _HEADER.size + _FRAME.size:
        return found
    salts = _FRAME.unpack(first)[2:4]  # one of two bits may be to blame, of the last salt or the checksum: this tells
    turned = (bytes(byte ^ (1 << bit % 8) * (at == bit // 8) for at, byte in enumerate(data)) for bit in range(256))
    sound = (one for one in map(_read_header, turned) if one is not None and one.is_sound and one.salts == salts)
    mended = next(sound, None)
    return found if mended is None else replace(mended, is_sound=False)


def _read_header(data: bytes) -> _Header | None:
    if len(data) < _HEADER.size:
        return None
    magic, _, size, _, salt_1, salt_2, *stated = _HEADER.unpack(data)
    if magic & ~1 != _MAGIC or not 512 <= size <= 65536 or size & (size - 1):
        return None
    order, checksum = ">u4" if magic & 1 else "<u4", (stated[0], stated[1])
    is_sound = _checksum(data[:_SUMMED], order, (0, 0)) == checksum
    return _Header(size, order, (salt_1, salt_2), checksum, is_sound)


def _checksum(data: bytes, order: str, start: tuple[int, int]) -> tuple[int, int]:
    """SQLite's checksum: over pairs of words x and y, s1 += x + s2 and s2 += y + s1."""
    first, second = start
    words = np.frombuffer(data, dtype=order).tolist()
    for at in range(0, len(words), 2):
        first = (first + words[at] + second) & _MASK
        second = (second + words[at + 1] + first) & _MASK
    return first, second
