"""What a reader gets: the bytes of one file with its name and the caller's wishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from searchkit.documents.encodings import decode
from searchkit.documents.metadata import metadata, one_line
from searchkit.documents.sources import ReadOptions
from searchkit.types import Block, Document

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file as a reader sees it.

    Attributes:
        name: its path as shown to people; the ``doc_id`` of the document, or the first part of it.
        language: of source code, where its name tells.
    """

    name: str
    data: bytes
    options: ReadOptions
    language: str = ""

    def text(self, declared: str | None = None) -> str:
        """The decoded text, with ``\\n`` as line end; ``declared`` is the encoding the file itself names."""
        return decode(self.data, encoding=self.options.encoding, declared=declared)

    def document(
        self,
        kind: str,
        text: str,
        *,
        title: str = "",
        blocks: Sequence[Block] = (),
        fields: Mapping[str, object] | None = None,
        page_starts: Sequence[int] = (),
        lines_are_source: bool = True,
    ) -> Document:
        """The one document of this file; without a title it is called as the file."""
        own_name = "" if self.name == STANDARD_INPUT else PurePosixPath(self.name).name
        return Document(
            doc_id=self.name,
            text=text,
            title=one_line(title) or one_line(own_name),
            metadata=metadata(kind, fields or {}),
            blocks=tuple(blocks),
            page_starts=tuple(page_starts),
            lines_are_source=lines_are_source,
        )
