"""Files packed by gzip, unpacked within a limit: what is packed small may unpack without end."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import PurePosixPath

from searchkit.documents.encodings import SNIFFED_BYTES
from searchkit.documents.sources import size_in_words
from searchkit.errors import DocumentRefusedError, DocumentTooLargeError

_ENDING = ".gz"
_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS  # to zlib: the header and the checksum of gzip around the data
_STEP = 1 << 18
_DAMAGE = (OSError, EOFError, zlib.error)


def inner_name(name: str) -> str | None:
    """What a packed file is called without its packing: ``README.md`` of ``README.md.gz``; None for any other file."""
    path = PurePosixPath(name)
    return name[: -len(_ENDING)] if path.suffix.lower() == _ENDING else None


def unpacked_head(head: bytes) -> bytes:
    """The first ``SNIFFED_BYTES`` at most of what begins so.

    Raises:
        DocumentRefusedError: it is no gzip, or damaged so early.
    """
    try:
        return zlib.decompressobj(_GZIP).decompress(head, SNIFFED_BYTES)
    except zlib.error as exc:
        is_gzip = head.startswith(_MAGIC)
        raise DocumentRefusedError(f"damaged gzip: {exc}" if is_gzip else "it is no gzip, though called so") from exc


def unpacked(data: bytes, limit: int) -> bytes:
    """What was packed, of all members; never more than a byte beyond the limit is unpacked.

    Raises:
        DocumentTooLargeError: there are more than ``limit`` bytes.
        DocumentRefusedError: it is damaged or cut off.
    """
    parts: list[bytes] = []
    room = limit
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while step := stream.read(min(_STEP, room + 1)):
                room -= len(step)
                if room < 0:
                    raise DocumentTooLargeError(f"it unpacks to more than the limit of {size_in_words(limit)}")
                parts.append(step)
    except _DAMAGE as exc:
        raise DocumentRefusedError(f"damaged gzip: {exc}") from exc
    return b"".join(parts)
