"""Reading SQLite's write-ahead log ourselves: where SQLite stops at the first wrong checksum, more may be told.

    header   magic, format, page size, checkpoint number, two salts, two checksums: 8 big-endian 32-bit numbers
    frame    page number, pages of the database after this commit or 0, the salts, two checksums; then the page

Each frame's checksum begins with the one before. So one wrong frame hides all that follow; yet whether a frame agrees
with the checksum that *stands* in the frame before can be told of each alone. Frames of an older use of the file have
other salts. https://www.sqlite.org/fileformat2.html#the_write_ahead_log

SQLite has no call that tells this: a log that is damaged in its middle looks to it like one that ends there, and the
commits behind, which were acknowledged, would be gone without a word.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HEADER = struct.Struct(">8I")
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


def log_frames(path: Path) -> Iterator[LogFrame]:
    """The frames of the log in order, up to where it ends or an older use of the file begins."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return
        magic, _, page_size, _, salt_1, salt_2, *checksum = _HEADER.unpack(header)
        if magic & ~1 != _MAGIC or not 512 <= page_size <= 65536:
            return
        order = ">u4" if magic & 1 else "<u4"
        before = (checksum[0], checksum[1])
        while len(head := file.read(_FRAME.size)) == _FRAME.size and len(data := file.read(page_size)) == page_size:
            page, size_after, own_1, own_2, *stated = _FRAME.unpack(head)
            if (own_1, own_2) != (salt_1, salt_2):
                return
            expected = _checksum(head[:8] + data, order, before)
            before = (stated[0], stated[1])
            yield LogFrame(page, file.tell() - page_size, page_size, size_after > 0, expected == before)


def has_damage(path: Path) -> bool:
    """Whether a frame is not as its checksum says: of damage, or of a last write that was cut off."""
    try:
        return any(not frame.is_sound for frame in log_frames(path))
    except FileNotFoundError:
        return False


def hidden_commits(path: Path) -> int:
    """How many commits stand in the log behind a damaged frame, where SQLite does not look for them."""
    hidden, is_hidden = 0, False
    try:
        for frame in log_frames(path):
            hidden += is_hidden and frame.commits and frame.is_sound
            is_hidden = is_hidden or not frame.is_sound
    except FileNotFoundError:
        return 0
    return hidden


def _checksum(data: bytes, order: str, start: tuple[int, int]) -> tuple[int, int]:
    """SQLite's checksum: over pairs of words x and y, s1 += x + s2 and s2 += y + s1."""
    first, second = start
    words = np.frombuffer(data, dtype=order).tolist()
    for at in range(0, len(words), 2):
        first = (first + words[at] + second) & _MASK
        second = (second + words[at + 1] + first) & _MASK
    return first, second
