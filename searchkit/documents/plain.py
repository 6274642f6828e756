"""Plain text and logs: the text as it is. Paragraphs end at blank lines, which is how chunking reads it."""

from __future__ import annotations

from searchkit.documents.raw import RawFile
from searchkit.types import Document


def read(raw: RawFile) -> list[Document]:
    """The one document of a text file."""
    return [raw.document("text", raw.text())]
