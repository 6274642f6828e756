"""Zip archives (DOCX, EPUB) and their XML, read within limits: what is packed small may unpack without end.

Nothing is written to disk, so a member's name is never a path. XML may not declare entities, and nothing that
it refers to is fetched.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from searchkit.errors import DocumentRefusedError

MOST_MEMBERS = 10_000
MOST_BYTES = 200 * 1024 * 1024  # unpacked, of all members that are read
HIGHEST_RATIO = 200  # unpacked to packed; XML reaches 20, a zip bomb 1,000
RATIO_FREE_BYTES = 1 << 20  # small members may be as empty as they like
_STEP = 1 << 18
_DIRECTORY_ENTRY = b"PK\x01\x02"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, NotImplementedError)


class Archive:
    """A zip archive in memory whose members are read within limits.

    Raises:
        DocumentRefusedError: it is damaged, encrypted, or unpacks to more than a document would.
    """

    def __init__(self, data: bytes) -> None:
        if data.count(_DIRECTORY_ENTRY) > MOST_MEMBERS:  # counted first: listing a million takes minutes
            raise DocumentRefusedError(f"its archive holds more than {MOST_MEMBERS:,} files")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as exc:
            raise DocumentRefusedError(f"a damaged archive: {exc}") from exc
        self._room = MOST_BYTES
        self.names = frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            DocumentRefusedError: it is not there, damaged, encrypted or too large.
        """
        if name not in self.names:
            raise DocumentRefusedError(f"{name} is missing in it")
        member = self._zip.getinfo(name)
        if member.flag_bits & 0x1:
            raise DocumentRefusedError("encrypted; it needs a password")
        self._check(name, member.file_size, member.compress_size)
        try:
            with self._zip.open(member) as stream:
                return self._unpacked(stream, name, member.compress_size)
        except _DAMAGE as exc:
            raise DocumentRefusedError(f"{name} in it is damaged: {exc}") from exc

    def read_if_there(self, name: str) -> bytes | None:
        """The bytes of one member, or None when there is none of that name."""
        return self.read(name) if name in self.names else None

    def _unpacked(self, stream: IO[bytes], name: str, packed: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while step := stream.read(_STEP):
            size += len(step)
            self._check(name, size, packed)  # what a header declares may be a lie
            parts.append(step)
        self._room -= size
        return b"".join(parts)

    def _check(self, name: str, size: int, packed: int) -> None:
        is_bomb = size > RATIO_FREE_BYTES and size > HIGHEST_RATIO * max(packed, 1)
        if is_bomb or size > self._room:
            raise DocumentRefusedError(f"{name} in it unpacks to {size >> 20} MiB or more; a document does not")


StartTag = Callable[[str, dict[str, str]], None]
EndTag = Callable[[str], None]


def parse_xml(
    data: bytes, what: str, *, start: StartTag, end: EndTag | None = None, text: EndTag | None = None
) -> None:
    """Call back for each tag and text of an XML file, in order. Names come without their namespace.

    Raises:
        DocumentRefusedError: it is not well-formed, or declares entities.
    """
    from xml.parsers import expat

    def on_start(name: str, attributes: dict[str, str]) -> None:
        start(_local(name), {_local(key): value for key, value in attributes.items()})

    def on_end(name: str) -> None:
        if end is not None:
            end(_local(name))

    def on_entity(*_: object) -> None:
        raise DocumentRefusedError(f"{what} in it declares entities, which documents do not need")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = on_start, on_end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = on_entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as exc:
        raise DocumentRefusedError(f"{what} in it is not valid XML: {exc}") from exc


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
